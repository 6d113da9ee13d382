package main

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 2 2 0 -1 4194560 1 2 3 4 1234 66 9 9 20 0 11 0 500 1 2 3"
	for _, name := range []string{"node", "a b", "x) S 9 (y", "((("} {
		got, err := parseStat([]byte("77 (" + name + ")" + rest + "\n"))
		if want := 13 * time.Second; err != nil || got != want {
			t.Errorf("%q: %v, %v, not %v", name, got, err, want)
		}
	}
	for _, bad := range []string{"", "77 (node", "77 (node) S 1 2", "77 (node) S 1 2 2 0 -1 4194560 1 2 3 4 x 66"} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is accepted as %v", bad, got)
		}
	}
}

func TestParseKB(t *testing.T) {
	rollup := "00400000-7ffd9000 ---p 00000000 00:00 0   [rollup]\nRss:              10344 kB\nPss:  999 kB\nPss_Dirty: 3 kB\n"
	if got, err := parseKB([]byte(rollup), "Rss:"); err != nil || got != 10344 {
		t.Errorf("%d, %v", got, err)
	}
	if got, err := parseKB([]byte("Name:\tx\nVmRSS:\t   812 kB\n"), "VmRSS:"); err != nil || got != 812 {
		t.Errorf("%d, %v", got, err)
	}
	if got, err := parseKB([]byte(rollup), "VmRSS:"); err == nil {
		t.Errorf("a missing key reads as %d", got)
	}
}

func TestParseMachine(t *testing.T) {
	m, err := parseMachineTimes([]byte("cpu  100 20 3 9999 1 2 4 55 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"))
	if err != nil || m.busy != 1230*time.Millisecond || m.stolen != 550*time.Millisecond {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := parseMachineTimes([]byte("cpu0 1 2 3 4 5 6 7 8\n")); err == nil {
		t.Errorf("is accepted as %+v", m)
	}
}

func TestThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc here")
	}
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after <= before; { // until the kernel has counted another tick
		if after, err = cpuTime(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if kb, err := residentKB(os.Getpid()); err != nil || kb < 1000 || kb > 10<<20 {
		t.Errorf("%d KB, %v", kb, err)
	}
}

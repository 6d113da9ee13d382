package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: 1/100 s for every program on Linux, whatever the kernel's own HZ is.
const tick = 10 * time.Millisecond

var errFormat = errors.New("/proc: not the expected format")

// cpuTime returns the user and system time that all threads of the process have used.
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(b)
}

// parseStat reads the 14th and 15th field. The second is the program's name in parentheses, which may itself contain
// blanks and parentheses, so the fields are counted from the last closing one.
func parseStat(b []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return 0, errFormat
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 13 {
		return 0, errFormat
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, errFormat
	}
	return time.Duration(user+system) * tick, nil
}

// residentKB returns the resident memory of the process. smaps_rollup is exact; VmRSS in status may lag behind by some
// pages for each thread, and serves only where smaps_rollup cannot be read.
func residentKB(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err == nil {
		return parseKB(b, "Rss:")
	}
	if b, err = os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err != nil {
		return 0, err
	}
	return parseKB(b, "VmRSS:")
}

// peakKB returns the most resident memory that the process has had.
func peakKB(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseKB(b, "VmHWM:")
}

func parseKB(b []byte, key string) (int64, error) {
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == key && f[2] == "kB" {
			return strconv.ParseInt(f[1], 10, 64)
		}
	}
	return 0, errFormat
}

// machineTimes is what all CPUs together have done since boot.
type machineTimes struct {
	busy   time.Duration // user and system time of all processes
	stolen time.Duration // time in which the host gave the CPU to others
}

// readMachineTimes reads the machine's own counters, by which a run can tell that it was not alone.
func readMachineTimes() (machineTimes, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTimes{}, err
	}
	return parseMachineTimes(b)
}

// parseMachineTimes reads the first line: cpu user nice system idle iowait irq softirq steal ...
func parseMachineTimes(b []byte) (machineTimes, error) {
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return machineTimes{}, errFormat
	}
	var n [9]int64
	for i := 1; i < 9; i++ {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return machineTimes{}, errFormat
		}
		n[i] = v
	}
	return machineTimes{busy: time.Duration(n[1]+n[2]+n[3]) * tick, stolen: time.Duration(n[8]) * tick}, nil
}

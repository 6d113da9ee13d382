// Package proc reads from /proc what a process has used.
package proc

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

var errFormat = errors.New("proc: not the format expected")

// CPU returns the user and system time that the process has used, all its threads together.
func CPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(b)
}

// parseStat reads the 14th and 15th field. The second is the program's name in parentheses, which may itself hold
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

// RSS returns the resident memory of the process in KB. smaps_rollup is exact; VmRSS in status may lag behind by
// some pages for each thread and serves only where the former cannot be read.
func RSS(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err == nil {
		return parseKB(b, "Rss:")
	}
	if b, err = os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err != nil {
		return 0, err
	}
	return parseKB(b, "VmRSS:")
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

// Machine is what all CPUs together have done since boot.
type Machine struct {
	Busy   time.Duration // user and system time of all processes
	Stolen time.Duration // time in which the host gave the CPU to others
}

// AllCPUs reads the machine's own counters, by which a run can tell that it was not alone.
func AllCPUs() (Machine, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, err
	}
	return parseMachine(b)
}

// parseMachine reads the first line: cpu user nice system idle iowait irq softirq steal ...
func parseMachine(b []byte) (Machine, error) {
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return Machine{}, errFormat
	}
	var n [9]int64
	for i := 1; i < 9; i++ {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return Machine{}, errFormat
		}
		n[i] = v
	}
	return Machine{Busy: time.Duration(n[1]+n[2]+n[3]) * tick, Stolen: time.Duration(n[8]) * tick}, nil
}

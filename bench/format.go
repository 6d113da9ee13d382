package main

import (
	"fmt"
	"strconv"
	"strings"
)

// figure formats a value with three significant digits, and delays of a second and more in seconds.
func figure(v float64, unit string) string {
	if unit == "ms" && v >= 1000 {
		v, unit = v/1000, "s"
	}
	s := digits(v)
	if unit != "" {
		s += " " + unit
	}
	return s
}

func digits(v float64) string {
	switch {
	case v >= 100:
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v == 0:
		return "0"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func thousands(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ranged formats a median with its lowest and highest round.
func ranged(s spread, unit string) string {
	if s.n < 2 || s.min == s.max {
		return figure(s.median, unit)
	}
	low, high := figure(s.min, unit), figure(s.max, unit)
	if number, rest, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+rest) {
		low = number
	}
	return fmt.Sprintf("%s (%s–%s)", figure(s.median, unit), low, high)
}

func times(s spread) string {
	d := 2
	if s.median < 0.1 {
		d = 3
	}
	return strconv.FormatFloat(s.median, 'f', d, 64) + " ×"
}

// brief is a sample in a few words, for the line of progress.
func brief(s sample) string {
	if s.Failed != "" {
		return "FAILED: " + s.Failed
	}
	var parts []string
	for _, m := range metrics {
		if v, ok := m.of(s); ok && m.compared {
			parts = append(parts, m.name+" "+figure(v, m.unit))
		}
	}
	if v, ok := metricOf("faults").of(s); ok && v > 0 {
		t := s.Traffic
		parts = append(parts, fmt.Sprintf("%.0f FAULTS (%d of %d undelivered, %d doubled, %d disordered, %d foreign, %d clients lost, %d silent)", v,
			t.Undelivered, t.Expected, t.Duplicates, t.Disorder, t.Foreign, t.Lost, s.Silent))
	}
	return strings.Join(parts, ", ")
}

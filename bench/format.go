package main

import (
	"fmt"
	"strconv"
	"strings"

	"tsunagu/bench/stats"
)

// figure writes a value with three digits that count, and delays of a second and more in seconds.
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

// ranged writes a median with what the rounds spread over.
func ranged(s stats.Spread, unit string) string {
	if s.N < 2 || s.Min == s.Max {
		return figure(s.Median, unit)
	}
	low, high := figure(s.Min, unit), figure(s.Max, unit)
	if number, rest, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+rest) {
		low = number
	}
	return fmt.Sprintf("%s (%s–%s)", figure(s.Median, unit), low, high)
}

func times(s stats.Spread) string {
	d := 2
	if s.Median < 0.1 {
		d = 3
	}
	return strconv.FormatFloat(s.Median, 'f', d, 64) + " ×"
}

// brief is a sample in a few words, for the progress line.
func brief(s sample) string {
	if s.Failed != "" {
		return "FAILED: " + s.Failed
	}
	var parts []string
	say := func(keys ...string) {
		for _, key := range keys {
			if v, ok := metrics[key].of(s); ok {
				parts = append(parts, metrics[key].name+" "+figure(v, metrics[key].unit))
			}
		}
	}
	say("cpu", "p50", "p99", "memory", "accept")
	if v, ok := faults(s); ok && v > 0 {
		parts = append(parts, fmt.Sprintf("%.0f FAULTS (%d of %d undelivered, %d doubled, %d disordered, %d foreign, %d clients lost, %d silent)", v,
			s.Traffic.Undelivered, s.Traffic.Expected, s.Traffic.Duplicates, s.Traffic.Disorder, s.Traffic.Foreign, s.Traffic.Lost, s.Silent))
	}
	return strings.Join(parts, ", ")
}

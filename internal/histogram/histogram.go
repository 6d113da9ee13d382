// Package histogram counts durations in fixed buckets, cheaply enough for the
// way of every message.
package histogram

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper ends of the buckets, each included. What is longer than
// the last is counted in one more bucket.
var Bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// A Histogram counts durations. The zero value is empty. All methods may be
// called concurrently.
type Histogram struct {
	counts [len(Bounds) + 1]atomic.Int64
	sum    atomic.Int64 // nanoseconds
}

// Observe counts d.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Snapshot returns what was counted so far.
func (h *Histogram) Snapshot() Snapshot {
	var s Snapshot
	for i := range h.counts {
		s.Counts[i] = h.counts[i].Load()
	}
	s.Sum = time.Duration(h.sum.Load()).Seconds()
	return s
}

// A Snapshot is what a Histogram has counted.
type Snapshot struct {
	Counts [len(Bounds) + 1]int64 `json:"counts"` // durations for each of Bounds, and beyond
	Sum    float64                `json:"sum"`    // of all durations, in seconds
}

// Add adds what another Histogram has counted.
func (s *Snapshot) Add(t Snapshot) {
	for i, n := range t.Counts {
		s.Counts[i] += n
	}
	s.Sum += t.Sum
}

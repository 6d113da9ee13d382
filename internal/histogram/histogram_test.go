package histogram

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		bucket int
	}{
		{-time.Second, 0},
		{0, 0},
		{Bounds[0], 0},
		{Bounds[0] + 1, 1},
		{time.Millisecond, 3},
		{time.Minute, len(Bounds) - 1},
		{time.Hour, len(Bounds)},
	} {
		var h Histogram
		h.Observe(c.d)
		s := h.Snapshot()
		if s.Counts[c.bucket] != 1 || math.Abs(s.Sum-c.d.Seconds()) > 1e-9 {
			t.Errorf("%v: counted as %v, sum %v s; want it in bucket %d", c.d, s.Counts, s.Sum, c.bucket)
		}
	}
	for i, b := range Bounds[1:] {
		if b <= Bounds[i] {
			t.Errorf("the bounds %v and %v are out of order", Bounds[i], b)
		}
	}
}

func TestConcurrentObservations(t *testing.T) {
	var h Histogram
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				h.Observe(3 * time.Millisecond)
			}
		})
	}
	all.Wait()
	total := h.Snapshot()
	total.Add(h.Snapshot())
	if total.Counts[5] != 8000 || math.Abs(total.Sum-24) > 1e-6 {
		t.Errorf("4,000 observations of 3 ms, added to themselves, are %v", total)
	}
}

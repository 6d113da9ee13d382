// Package stats holds the arithmetic of the bench: delays counted in a histogram, medians and spreads over rounds.
package stats

import (
	"math"
	"math/bits"
)

const (
	subBits = 7            // 128 steps to every doubling: a reading is off by at most 0.4 %
	sub     = 1 << subBits // below this, values are counted exactly
	buckets = (64 - subBits) * sub
)

// Hist counts values in steps that grow with the value. It never allocates after New, so that counting a
// million deliveries a second costs the load generator next to nothing.
type Hist struct {
	counts []uint32
	n      uint64
	max    int64
}

// NewHist returns an empty histogram.
func NewHist() *Hist { return &Hist{counts: make([]uint32, buckets)} }

// Add counts one value; negative ones count as zero.
func (h *Hist) Add(v int64) {
	v = max(v, 0)
	h.max = max(h.max, v)
	h.counts[bucket(v)]++
	h.n++
}

// Merge adds all that o has counted.
func (h *Hist) Merge(o *Hist) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// N says how many values were counted.
func (h *Hist) N() uint64 { return h.n }

// Max is the largest value, exactly.
func (h *Hist) Max() int64 { return h.max }

// Quantile returns the smallest value that at least the share q of all values does not exceed, to 0.4 %.
func (h *Hist) Quantile(q float64) int64 {
	if h.n == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(h.n))), 1)
	seen := uint64(0)
	for i, c := range h.counts {
		if seen += uint64(c); seen >= rank {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

func bucket(v int64) int {
	if v < sub {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - subBits - 1
	return shift*sub + int(v>>shift)
}

// middle is the inverse of bucket: the value halfway through step i.
func middle(i int) int64 {
	if i < 2*sub {
		return int64(i)
	}
	shift := i/sub - 1
	low := int64(i-shift*sub) << shift
	return low + (int64(1)<<shift)/2
}

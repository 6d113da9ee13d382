package load

import (
	"math"
	"math/bits"
)

const (
	subBits = 7            // 128 steps to every doubling: a reading is off by at most 0.4 %
	sub     = 1 << subBits // below this, values are counted exactly
	buckets = (64 - subBits) * sub
)

// histogram counts values in steps that grow with the value. Counting allocates nothing, so a million deliveries a second
// cost the load generator next to nothing.
type histogram struct {
	counts []uint32
	n      uint64
	max    int64
}

func newHistogram() *histogram { return &histogram{counts: make([]uint32, buckets)} }

// add counts one value; negative ones count as zero.
func (h *histogram) add(v int64) {
	v = max(v, 0)
	h.max = max(h.max, v)
	h.counts[bucket(v)]++
	h.n++
}

// quantile returns the smallest value that at least the share q of all values does not exceed, to 0.4 %.
func (h *histogram) quantile(q float64) int64 {
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

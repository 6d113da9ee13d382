package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBucketsCoverEveryValueOnce(t *testing.T) {
	last := -1
	for _, v := range []int64{0, 1, 127, 128, 129, 255, 256, 257, 258, 511, 512, 1 << 20, 1<<20 + 1<<13, math.MaxInt64} {
		b := bucket(v)
		if b < last || b >= buckets {
			t.Fatalf("value %d: bucket %d after %d of %d", v, b, last, buckets)
		}
		last = b
		if m := middle(b); math.Abs(float64(m-v)) > float64(v)*0.004 {
			t.Errorf("value %d reads as %d", v, m)
		}
	}
}

func TestQuantileAgainstSortedValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 100, 4001} {
		h := newHistogram()
		var all []int64
		for range n {
			v := int64(math.Exp(rnd.Float64() * 23))
			all = append(all, v)
			h.add(v)
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.01, 0.5, 0.99, 1} {
			want := all[max(int(math.Ceil(q*float64(n))), 1)-1]
			if got := h.quantile(q); math.Abs(float64(got-want)) > float64(want)*0.004 {
				t.Errorf("n %d, q %v: %d, sorted values say %d", n, q, got, want)
			}
		}
		if h.n != uint64(n) || h.max != all[n-1] {
			t.Errorf("n %d: counted %d, max %d instead of %d", n, h.n, h.max, all[n-1])
		}
	}
}

func TestQuantileOfNothing(t *testing.T) {
	if q := newHistogram().quantile(0.5); q != 0 {
		t.Errorf("an empty histogram has median %d", q)
	}
}

func TestNegativeCountsAsZero(t *testing.T) {
	h := newHistogram()
	h.add(-5)
	if h.quantile(1) != 0 || h.max != 0 || h.n != 1 {
		t.Errorf("quantile %d, max %d, n %d", h.quantile(1), h.max, h.n)
	}
}

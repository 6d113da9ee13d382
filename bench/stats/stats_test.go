package stats

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
		h, o := NewHist(), NewHist()
		var all []int64
		for range n {
			v := int64(math.Exp(rnd.Float64() * 23))
			all = append(all, v)
			if v%2 == 0 {
				h.Add(v)
			} else {
				o.Add(v)
			}
		}
		h.Merge(o)
		slices.Sort(all)
		for _, q := range []float64{0, 0.01, 0.5, 0.99, 1} {
			want := all[max(int(math.Ceil(q*float64(n))), 1)-1]
			if got := h.Quantile(q); math.Abs(float64(got-want)) > float64(want)*0.004 {
				t.Errorf("n %d, q %v: %d, sorted values say %d", n, q, got, want)
			}
		}
		if h.N() != uint64(n) || h.Max() != all[n-1] {
			t.Errorf("n %d: counted %d, max %d instead of %d", n, h.N(), h.Max(), all[n-1])
		}
	}
}

func TestQuantileOfNothing(t *testing.T) {
	if q := NewHist().Quantile(0.5); q != 0 {
		t.Errorf("an empty histogram has median %d", q)
	}
}

func TestNegativeCountsAsZero(t *testing.T) {
	h := NewHist()
	h.Add(-5)
	if h.Quantile(1) != 0 || h.Max() != 0 || h.N() != 1 {
		t.Errorf("quantile %d, max %d, n %d", h.Quantile(1), h.Max(), h.N())
	}
}

func TestOver(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 1}},
		{[]float64{9, 1}, Spread{5, 1, 9, 2}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9, 3}},
		{[]float64{4, 9, 1, 2}, Spread{3, 1, 9, 4}},
	} {
		if got := Over(c.in); got != c.want {
			t.Errorf("%v: %v, not %v", c.in, got, c.want)
		}
	}
}

func TestRatiosPairRounds(t *testing.T) {
	a := map[int]float64{0: 1, 1: 20, 2: 3, 3: 7}
	b := map[int]float64{0: 2, 1: 10, 2: 0, 4: 1}
	if got, want := Ratios(a, b), (Spread{1.25, 0.5, 2, 2}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
}

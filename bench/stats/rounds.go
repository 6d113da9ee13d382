package stats

import "slices"

// Spread is what the rounds of one figure come to.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

// Over returns the spread of the values, in whatever order; none of them gives the zero Spread.
func Over(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(values))
	mid := len(s) / 2
	m := s[mid]
	if len(s)%2 == 0 {
		m = (s[mid-1] + s[mid]) / 2
	}
	return Spread{Median: m, Min: s[0], Max: s[len(s)-1], N: len(s)}
}

// Ratios pairs a and b by round and returns the spread of a/b. Two figures of one round were taken within seconds
// of each other, so what slows the machine for a while slows both and leaves the ratio alone. Rounds that only
// one of the two has, or where b is zero, are left out.
func Ratios(a, b map[int]float64) Spread {
	var r []float64
	for round, x := range a {
		if y, ok := b[round]; ok && y != 0 {
			r = append(r, x/y)
		}
	}
	return Over(r)
}

package limit

import (
	"testing"

	"golang.org/x/time/rate"
)

func TestParseRate(t *testing.T) {
	for s, want := range map[string]struct {
		limit rate.Limit
		burst int
	}{
		"0":       {0, 1},
		"10":      {10, 20},
		"10,50":   {10, 50},
		" 10, 1 ": {10, 1},
		"0.1":     {0.1, 1},
		"0.1,3":   {0.1, 3},
		"1000000": {1e6, 2e6},
	} {
		limit, burst, err := ParseRate(s)
		if limit != want.limit || burst != want.burst || err != nil {
			t.Errorf("%q is %v, %d, %v; want %v, %d", s, limit, burst, err, want.limit, want.burst)
		}
	}
	for _, s := range []string{"", ",", "x", "-1", "10,", "10,0", "10,-1", "10,1.5", "10,5,5", "inf", "nan", "1000001", "10,1000001", "10/s"} {
		if limit, burst, err := ParseRate(s); err == nil {
			t.Errorf("%q was read as %v, %d, want an error", s, limit, burst)
		}
	}
}

package chat

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

// The expected values are those of String(JSON.parse(s)) in Node.
func TestNumberText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"-0.0e5", "0"},
		{"123", "123"},
		{"-1.50", "-1.5"},
		{"1e1", "10"},
		{"4.35", "4.35"},
		{"0.1", "0.1"},
		{"100000000000000000000", "100000000000000000000"},
		{"999999999999999999999", "1e+21"},
		{"1e21", "1e+21"},
		{"-1.25e21", "-1.25e+21"},
		{"123456789012345678901234567890", "1.2345678901234568e+29"},
		{"9007199254740993", "9007199254740992"},
		{"0.000001", "0.000001"},
		{"0.0000012", "0.0000012"},
		{"0.0000001", "1e-7"},
		{"1.5e-10", "1.5e-10"},
		{"5e-324", "5e-324"},
		{"1e-400", "0"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"1e400", "Infinity"},
		{"-1e400", "-Infinity"},
	} {
		t.Run(test.in, func(t *testing.T) {
			if got := numberText(json.Number(test.in)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if got := formatNumber(math.NaN()); got != "NaN" {
		t.Errorf("NaN: got %s, want NaN", got)
	}
}

func FuzzFormatNumber(f *testing.F) {
	for _, n := range []float64{0, 1e21, 1e-7, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1)} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		text := formatNumber(n)
		back, err := strconv.ParseFloat(text, 64)
		if err != nil || back != n && !math.IsNaN(n) {
			t.Errorf("%v was formatted as %q, which parses as %v, error %v", n, text, back, err)
		}
	})
}

package chat

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// numberText formats a JSON number as JavaScript does after JSON.parse: as a
// float64, so that long numbers are rounded, 1e400 is Infinity and -0 is 0.
func numberText(n json.Number) string {
	// Out of range ParseFloat returns ±Inf and an error, as JavaScript does.
	f, _ := strconv.ParseFloat(string(n), 64)
	return formatNumber(f)
}

// formatNumber formats f as JavaScript's String(f): with the shortest digits that
// parse as f, and with an exponent only from 1e21 up and below 1e-6.
//
// Source: ECMA-262, Number::toString.
func formatNumber(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0" // 0 and -0
	}
	if abs := math.Abs(f); 1e-6 <= abs && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	// Go pads exponents to two digits, JavaScript does not.
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

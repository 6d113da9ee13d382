package packet

import (
	"math"
	"strconv"
	"strings"
)

// parseNumber converts as JavaScript's Number(s) does; ok is false for NaN. The
// original uses Number for payload lengths and attachment counts, so clients may
// send all its forms.
//
// Source: ECMA-262, StringToNumber.
func parseNumber(s string) (n float64, ok bool) {
	s = strings.TrimFunc(s, isSpace)
	if s == "" {
		return 0, true
	}
	if len(s) > 2 && s[0] == '0' {
		if base := radix(s[1]); base != 0 {
			return parseInteger(s[2:], base)
		}
	}
	unsigned := strings.TrimPrefix(s, "-")
	if unsigned == s {
		unsigned = strings.TrimPrefix(s, "+")
	}
	if unsigned == "Infinity" {
		if s[0] == '-' {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	}
	// ParseFloat also accepts "inf", "nan" and hexadecimal fractions.
	if !isDecimal(unsigned) {
		return 0, false
	}
	n, _ = strconv.ParseFloat(s, 64) // out of range gives ±Inf, as in JavaScript
	return n, true
}

// parseInteger parses digits of a base that is a power of two. Above 2^53 it may
// round differently from JavaScript; all such values are above every limit here.
func parseInteger(digits string, base int) (n float64, ok bool) {
	for i := range len(digits) {
		d := digitValue(digits[i])
		if d >= base {
			return 0, false
		}
		n = n*float64(base) + float64(d)
	}
	return n, true
}

func radix(c byte) int {
	switch c | 0x20 {
	case 'x':
		return 16
	case 'o':
		return 8
	case 'b':
		return 2
	}
	return 0
}

func digitValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return math.MaxInt
}

// isDecimal reports whether s is a StrUnsignedDecimalLiteral other than Infinity:
// digits with at most one point and at least one digit, and optionally an exponent.
func isDecimal(s string) bool {
	whole, s := cutDigits(s)
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction, s = cutDigits(s[1:])
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	exponent, s := cutDigits(s)
	return exponent > 0 && s == ""
}

func cutDigits(s string) (n int, rest string) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n, s[n:]
}

// isSpace reports whether r is white space or a line terminator in JavaScript.
// Unlike unicode.IsSpace it includes U+FEFF and excludes U+0085.
func isSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

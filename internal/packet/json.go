package packet

import "unicode/utf8"

// AppendJSONString appends s as JSON.stringify writes it in Node. It escapes only
// what JSON requires, with short forms and lower-case digits, and replaces bytes
// that are not UTF-8 with U+FFFD. encoding/json also escapes <, >, & and U+2028,
// so its output would differ from the original's.
//
// Source: ECMA-262, QuoteJSONString.
func AppendJSONString(dst []byte, s []byte) []byte {
	dst = append(dst, '"')
	if !utf8.Valid(s) {
		valid := 0 // s[valid:i] is UTF-8 that has not been appended
		for i := 0; i < len(s); {
			_, size, ok := decodeRune(s[i:])
			if !ok {
				dst = append(appendEscaped(dst, s[valid:i]), replacement...)
				valid = i + size
			}
			i += size
		}
		s = s[valid:]
	}
	return append(appendEscaped(dst, s), '"')
}

// appendEscaped appends UTF-8 without quotes.
func appendEscaped(dst, s []byte) []byte {
	start := 0
	for i, c := range s {
		if !mustEscape[c] {
			continue
		}
		dst = appendEscape(append(dst, s[start:i]...), c)
		start = i + 1
	}
	return append(dst, s[start:]...)
}

// JSONStringLen returns the number of bytes that AppendJSONString appends for s.
func JSONStringLen(s []byte) int {
	n := len(`""`) + len(s)
	for _, c := range s {
		if !mustEscape[c] {
			continue
		}
		switch c {
		case '"', '\\', '\b', '\t', '\n', '\f', '\r':
			n++
		default:
			n += len(`\u0000`) - 1
		}
	}
	if utf8.Valid(s) {
		return n
	}
	for i := 0; i < len(s); {
		_, size, ok := decodeRune(s[i:])
		if !ok {
			n += len(replacement) - size
		}
		i += size
	}
	return n
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

var mustEscape = func() (table [256]bool) {
	for c := range ' ' {
		table[c] = true
	}
	table['"'], table['\\'] = true, true
	return table
}()

package packet

// AppendJSONString appends s as JSON.stringify writes it in Node. It escapes only
// what JSON requires, with short forms and lower-case digits, and replaces bytes
// that are not UTF-8 with U+FFFD. encoding/json also escapes <, >, & and U+2028,
// so its output would differ from the original's.
//
// Source: ECMA-262, QuoteJSONString.
func AppendJSONString(dst []byte, s []byte) []byte {
	s = validUTF8(s)
	dst = append(dst, '"')
	start := 0
	for i, c := range s {
		if !mustEscape[c] {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		start = i + 1
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// JSONStringLen returns the number of bytes that AppendJSONString appends for s.
func JSONStringLen(s []byte) int {
	s = validUTF8(s)
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

package packet

import "unicode/utf8"

// replacement is U+FFFD, which replaces bytes that are not UTF-8.
const replacement = "\uFFFD"

// UTF16Len returns the length of b in UTF-16 code units, the length of a string in
// JavaScript. Bytes that are not UTF-8 count as the U+FFFD that replaces them.
func UTF16Len(b []byte) int {
	n := asciiPrefix(b)
	for i := n; i < len(b); {
		if b[i] < utf8.RuneSelf {
			n, i = n+1, i+1
			continue
		}
		_, size, _ := decodeRune(b[i:])
		if n++; size == 4 {
			n++
		}
		i += size
	}
	return n
}

// cutUTF16 splits valid UTF-8 after n UTF-16 code units. If that is within a
// surrogate pair, split is true, head ends before the pair and rest begins behind
// it. ok is false if b is shorter than n.
func cutUTF16(b []byte, n int) (head, rest []byte, split, ok bool) {
	if n > len(b) {
		return nil, nil, false, false
	}
	i := asciiPrefix(b[:n])
	for n -= i; n > 0; n-- {
		if i >= len(b) {
			return nil, nil, false, false
		}
		size := utf8Size(b[i])
		if size == 4 {
			if n == 1 {
				return b[:i], b[i+4:], true, true
			}
			n--
		}
		i += size
	}
	return b[:i], b[i:], false, true
}

// utf8Size returns the length of a valid sequence whose first byte is c.
func utf8Size(c byte) int {
	switch {
	case c < 0x80:
		return 1
	case c < 0xe0:
		return 2
	case c < 0xf0:
		return 3
	}
	return 4
}

// validUTF8 returns b if it is UTF-8, and otherwise a copy decoded as in browsers
// and Node, with one U+FFFD for each maximal subpart. bytes.ToValidUTF8 writes one
// for a whole run of invalid bytes, so lengths would differ.
func validUTF8(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/2)
	for i := 0; i < len(b); {
		_, size, ok := decodeRune(b[i:])
		if ok {
			out = append(out, b[i:i+size]...)
		} else {
			out = append(out, replacement...)
		}
		i += size
	}
	return out
}

// decodeRune is utf8.DecodeRune, except that size is the whole maximal subpart of an
// invalid sequence and not one byte.
//
// Source: the UTF-8 decoder of https://encoding.spec.whatwg.org/.
func decodeRune(b []byte) (r rune, size int, ok bool) {
	r, size = utf8.DecodeRune(b)
	if r != utf8.RuneError || size > 1 {
		return r, size, true
	}
	return r, maximalSubpart(b), false
}

// maximalSubpart returns how many bytes of b, which begins with an invalid sequence,
// one U+FFFD replaces: the longest prefix of a valid sequence, or one byte.
func maximalSubpart(b []byte) int {
	low, high, need := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case 0xc2 <= c && c <= 0xdf:
		need = 1
	case 0xe0 <= c && c <= 0xef:
		need = 2
	case 0xf0 <= c && c <= 0xf4:
		need = 3
	}
	switch b[0] {
	case 0xe0: // below 0xa0 it would be overlong
		low = 0xa0
	case 0xed: // above 0x9f it would be a surrogate
		high = 0x9f
	case 0xf0: // below 0x90 it would be overlong
		low = 0x90
	case 0xf4: // above 0x8f it would be above U+10FFFF
		high = 0x8f
	}
	n := 1
	for n <= need && n < len(b) && low <= b[n] && b[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}

// asciiPrefix returns the length of the ASCII prefix of b.
func asciiPrefix(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := b[i : i+8 : i+8]
		if (w[0]|w[1]|w[2]|w[3]|w[4]|w[5]|w[6]|w[7])&0x80 != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

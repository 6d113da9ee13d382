package packet

import (
	"bytes"
	"encoding/json"
)

const (
	// maxDepth is how deep arrays and objects may be nested. The parsers behind this
	// one recurse, with some 500 bytes of stack for each level, and two bytes of a
	// message make a level.
	maxDepth = 256
	// maxElements is the maximum number of elements of an array of arguments. A
	// slice of elements takes 24 bytes for each, and two bytes of a message make one.
	maxElements = 1 << 10
)

// splitArray returns the elements of text, which must be one JSON array. In the
// same pass it checks the JSON as encoding/json does, and its depth.
func splitArray(text []byte) (elements []json.RawMessage, ok bool) {
	if len(text) == 0 || text[0] != '[' {
		return nil, false
	}
	elements = make([]json.RawMessage, 0, 3) // most events have a name and one or two arguments
	ok = scan(text, &elements)
	return elements, ok
}

// validValue reports whether text is one JSON value of at most maxDepth levels.
func validValue(text []byte) bool { return scan(text, nil) }

// scan reports whether text is one JSON value. If that is an array, scan appends its
// elements to elements, unless that is nil. It does not recurse, because a stack that
// has grown for one client would stay large for a while.
func scan(text []byte, elements *[]json.RawMessage) (ok bool) {
	var few [32]byte
	open := few[:0] // the closing bracket of each array and object around text[i]
	start := 0      // of the element of the outermost array
	for i := skipSpace(text, 0); ; {
		if len(open) == 1 {
			start = i
		}
		switch {
		case i < len(text) && (text[i] == '[' || text[i] == '{'):
			closing := text[i] + 2 // ASCII: '[' to ']', '{' to '}'
			if open = append(open, closing); len(open) > maxDepth {
				return false
			}
			if i = skipSpace(text, i+1); i == len(text) || text[i] != closing {
				if i, ok = skipToValue(text, i, closing); !ok {
					return false
				}
				continue
			}
			open = open[:len(open)-1]
			i++
		default:
			if i, ok = skipScalar(text, i); !ok {
				return false
			}
		}
		// Behind a value: the ends of arrays and objects, and then the next value.
		for {
			if len(open) == 1 && elements != nil {
				if len(*elements) == maxElements {
					return false
				}
				*elements = append(*elements, text[start:i:i])
			}
			if i = skipSpace(text, i); len(open) == 0 {
				return i == len(text)
			}
			closing := open[len(open)-1]
			if i == len(text) || text[i] != ',' && text[i] != closing {
				return false
			}
			if text[i] == ',' {
				if i, ok = skipToValue(text, skipSpace(text, i+1), closing); !ok {
					return false
				}
				break
			}
			open = open[:len(open)-1]
			i++
		}
	}
}

// skipToValue skips the name of a member, if it is an object that closing ends.
func skipToValue(text []byte, i int, closing byte) (value int, ok bool) {
	if closing == '}' {
		return skipName(text, i)
	}
	return i, true
}

// skipScalar skips a string, a number, or a literal.
func skipScalar(text []byte, i int) (end int, ok bool) {
	if i == len(text) {
		return 0, false
	}
	switch c := text[i]; {
	case c == '"':
		return skipString(text, i+1)
	case c == '-' || '0' <= c && c <= '9':
		return skipNumber(text, i)
	}
	for _, literal := range []string{"null", "true", "false"} {
		if bytes.HasPrefix(text[i:], []byte(literal)) {
			return i + len(literal), true
		}
	}
	return 0, false
}

// skipName skips the name of an object's member and the colon.
func skipName(text []byte, i int) (value int, ok bool) {
	if i == len(text) || text[i] != '"' {
		return 0, false
	}
	if i, ok = skipString(text, i+1); !ok {
		return 0, false
	}
	if i = skipSpace(text, i); i == len(text) || text[i] != ':' {
		return 0, false
	}
	return skipSpace(text, i+1), true
}

// skipString skips the rest of a string whose first quote is before text[i].
func skipString(text []byte, i int) (end int, ok bool) {
	for i < len(text) {
		if !mustEscape[text[i]] { // the most frequent case
			i++
			continue
		}
		switch {
		case text[i] == '"':
			return i + 1, true
		case text[i] != '\\':
			return 0, false
		case i+5 < len(text) && text[i+1] == 'u' && isHex(text[i+2:i+6]):
			i += 6
		case i+1 < len(text) && bytes.IndexByte([]byte(`"\/bfnrt`), text[i+1]) >= 0:
			i += 2
		default:
			return 0, false
		}
	}
	return 0, false
}

func isHex(digits []byte) bool {
	for _, c := range digits {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func skipNumber(text []byte, i int) (end int, ok bool) {
	if text[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if !digits() {
		return 0, false
	}
	if i < len(text) && text[i] == '.' {
		if i++; !digits() {
			return 0, false
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return 0, false
		}
	}
	return i, true
}

// skipSpace skips JSON white space.
func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

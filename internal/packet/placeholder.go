package packet

import (
	"bytes"
	"strconv"
)

// validPlaceholders reports whether each placeholder in valid JSON refers to one of n
// attachments. It decodes nothing: a message of a megabyte can hold half a million
// values. Of members with the same name only the last counts to JavaScript; here a
// placeholder in any of them must be valid.
//
// Source: _reconstructPacket of socket.io-parser 4.2.
func validPlaceholders(text []byte, n int) bool {
	s := placeholderScan{text: text, attachments: n}
	return s.value()
}

// A placeholderScan reads valid JSON. It recurses, up to maxDepth levels.
type placeholderScan struct {
	text        []byte
	at          int // in text
	attachments int
}

// value steps over a value. The result is whether all placeholders in it are valid.
func (s *placeholderScan) value() bool {
	s.space()
	switch s.text[s.at] {
	case '[':
		valid := true
		for s.next(); s.text[s.at] != ']'; s.comma() {
			valid = s.value() && valid
		}
		s.at++
		return valid
	case '{':
		return s.object()
	}
	s.at, _ = skipScalar(s.text, s.at)
	return true
}

// object steps over an object. The members of a placeholder do not count.
func (s *placeholderScan) object() bool {
	placeholder, refers, valid := false, false, true
	for s.next(); s.text[s.at] != '}'; s.comma() {
		end, _ := skipString(s.text, s.at+1)
		name := s.text[s.at+1 : end-1]
		s.at, _ = skipName(s.text, s.at)
		start := s.at
		valid = s.value() && valid
		switch value := s.text[start:s.at]; {
		case nameIs(name, "_placeholder"):
			placeholder = string(value) == "true"
		case nameIs(name, "num"):
			refers = s.refers(value)
		}
	}
	s.at++
	if placeholder {
		return refers
	}
	return valid
}

// refers reports whether a JSON value is the number of an attachment. To the original
// a fraction is one, too: it stands for undefined.
func (s *placeholderScan) refers(value []byte) bool {
	n, err := strconv.ParseFloat(string(value), 64)
	return err == nil && n >= 0 && n < float64(s.attachments)
}

func (s *placeholderScan) space() { s.at = skipSpace(s.text, s.at) }

// next steps over one character and the white space behind it.
func (s *placeholderScan) next() { s.at = skipSpace(s.text, s.at+1) }

// comma steps over a comma, if there is one, to the next element or member.
func (s *placeholderScan) comma() {
	if s.space(); s.text[s.at] == ',' {
		s.next()
	}
}

// nameIs reports whether a name as it stands in JSON is want, whose characters JSON
// can write as themselves or as \u and four digits.
func nameIs(name []byte, want string) bool {
	for i := range len(want) {
		switch {
		case len(name) > 0 && name[0] == want[i]:
			name = name[1:]
		case len(name) >= 6 && bytes.HasPrefix(name, []byte(`\u00`)) &&
			digitValue(name[4])<<4|digitValue(name[5]) == int(want[i]):
			name = name[6:]
		default:
			return false
		}
	}
	return len(name) == 0
}

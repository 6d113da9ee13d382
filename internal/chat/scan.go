package chat

import (
	"bytes"
	"encoding/json"
)

// space steps over white space.
func (p *printer) space() {
	for p.at < len(p.raw) && (p.raw[p.at] == ' ' || p.raw[p.at] == '\t' || p.raw[p.at] == '\n' || p.raw[p.at] == '\r') {
		p.at++
	}
}

// next steps over one character and the white space behind it.
func (p *printer) next() {
	p.at++
	p.space()
}

// comma steps over a comma, if there is one, to the next element or member.
func (p *printer) comma() {
	if p.space(); p.raw[p.at] == ',' {
		p.next()
	}
}

// skip steps over the value at p.at.
func (p *printer) skip() {
	for depth := 0; ; {
		switch p.raw[p.at] {
		case '"':
			p.skipString()
		case '[', '{':
			depth++
			p.at++
		case ']', '}':
			depth--
			p.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			p.at++
		default: // a number, true, false or null
			n := bytes.IndexAny(p.raw[p.at:], ",:]} \t\n\r")
			if n < 0 {
				n = len(p.raw) - p.at
			}
			p.at += n
		}
		if depth == 0 {
			return
		}
	}
}

func (p *printer) skipString() {
	for p.at++; p.raw[p.at] != '"'; p.at++ {
		if p.raw[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
}

// unquote returns the text of a valid JSON string. Halves of surrogate pairs
// become U+FFFD.
func unquote(quoted []byte) []byte {
	if text, ok := plainString(quoted); ok {
		return text
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return nil // the caller has validated it
	}
	return []byte(s)
}

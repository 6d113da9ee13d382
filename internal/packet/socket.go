package packet

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A SocketType is the type of a Socket.IO packet.
type SocketType uint8

// The packet types of Socket.IO, revisions 4 and 5. Revision 4 calls
// ConnectError just ERROR.
const (
	Connect SocketType = iota
	Disconnect
	Event
	Ack
	ConnectError
	BinaryEvent
	BinaryAck
)

// HasAttachments tells whether packets of type t announce attachments.
func (t SocketType) HasAttachments() bool { return t == BinaryEvent || t == BinaryAck }

// A SocketPacket is one Socket.IO packet without its attachments.
type SocketPacket struct {
	Type SocketType
	// Namespace begins with a slash; it is "/" when the packet names none.
	Namespace string
	// Query is what stood behind the question mark of the namespace that a
	// client of revision 4 connects to, not yet unescaped.
	Query string
	// ID asks for, or answers with, an ack, if HasID.
	ID    uint64
	HasID bool
	// Attachments is how many binary messages the sender says will follow. It
	// is a claim: allocate nothing by it.
	Attachments int
	// Data is valid JSON, or nil when the packet has none. It may alias the
	// text that it was decoded from.
	Data json.RawMessage
	// Elements are those of Data, if that is an array; on an event its name and
	// its arguments. Decoding sets them, encoding does not read them.
	Elements []json.RawMessage
}

// AppendSocket appends the text of p, which is the same in both revisions.
//
// Source: encodeAsString of socket.io-parser 3.2 and 4.2.
func AppendSocket(dst []byte, p SocketPacket) []byte {
	dst = append(dst, '0'+byte(p.Type))
	if p.Type.HasAttachments() {
		dst = strconv.AppendInt(dst, int64(p.Attachments), 10)
		dst = append(dst, '-')
	}
	if (p.Namespace != "" && p.Namespace != "/") || p.Query != "" {
		dst = append(dst, p.Namespace...)
		if p.Query != "" {
			dst = append(append(dst, '?'), p.Query...)
		}
		dst = append(dst, ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}

// decodeHeader reads all but the payload, which both revisions do alike. A
// type that does not exist gives ErrIgnored, attachments that are no count
// ErrFatal.
func decodeHeader(text []byte) (p SocketPacket, payload []byte, err error) {
	if len(text) == 0 {
		// The parsers would read "" as CONNECT, but the engine hands them
		// undefined for an empty message, and on that they throw.
		return p, nil, ErrFatal
	}
	t, rest, ok := cutType(text)
	if !ok {
		return p, nil, ErrIgnored
	}
	p.Type = t
	if t.HasAttachments() {
		if p.Attachments, rest, ok = cutAttachments(rest); !ok {
			return p, nil, ErrFatal
		}
	}
	p.Namespace, rest = cutNamespace(rest)
	p.ID, p.HasID, rest = cutID(rest)
	return p, rest, nil
}

// cutType reads the first character as a number in JavaScript's sense, to
// which white space is zero.
func cutType(text []byte) (t SocketType, rest []byte, ok bool) {
	r, size := utf8.DecodeRune(text)
	switch {
	case isSpace(r):
		return Connect, text[size:], true
	case '0' <= r && r <= '0'+rune(BinaryAck):
		return SocketType(r - '0'), text[size:], true
	}
	return 0, nil, false
}

// maxAttachments bounds what an int holds on every platform. It is not a
// policy: who collects attachments must set a lower limit.
const maxAttachments = 1<<31 - 1

// cutAttachments reads the count in front of the first dash. No digits at all
// are zero. A count with a fraction, Infinity, and one beyond maxAttachments
// are refused, where the original waits for attachments without end.
func cutAttachments(text []byte) (n int, rest []byte, ok bool) {
	for i, c := range text {
		if c != '-' {
			continue
		}
		f, ok := parseNumber(string(text[:i]))
		if !ok || f < 0 || f > maxAttachments || f != float64(int(f)) {
			return 0, nil, false
		}
		return int(f), text[i+1:], true
	}
	return 0, nil, false
}

// cutNamespace reads up to the comma, or, where there is none, to the end.
func cutNamespace(text []byte) (namespace string, rest []byte) {
	if len(text) == 0 || text[0] != '/' {
		return "/", text
	}
	name, rest, _ := bytes.Cut(text, []byte{','})
	return string(name), rest
}

// cutID takes every character that by itself is a number to JavaScript, which
// white space is too: ' ["a"]' has the id 0, and '1 2["a"]' has NaN. To answer
// NaN would help nobody, so such a packet counts as one without an id here.
//
// Beyond 2^53 the original rounds. Here ids are exact, so that an answer
// carries the digits that were asked with; beyond 64 bits there is no answer.
func cutID(text []byte) (id uint64, ok bool, rest []byte) {
	i := 0
	for i < len(text) {
		r, size := utf8.DecodeRune(text[i:])
		if (r < '0' || r > '9') && !isSpace(r) {
			break
		}
		i += size
	}
	if i == 0 {
		return 0, false, text
	}
	digits := strings.TrimFunc(string(text[:i]), isSpace)
	if digits == "" {
		return 0, true, text[i:]
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, false, text[i:]
	}
	return id, true, text[i:]
}

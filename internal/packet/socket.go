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

// The packet types of Socket.IO, revisions 4 and 5. Revision 4 calls ConnectError
// ERROR.
const (
	Connect SocketType = iota
	Disconnect
	Event
	Ack
	ConnectError
	BinaryEvent
	BinaryAck
)

// HasAttachments reports whether packets of type t have attachments.
func (t SocketType) HasAttachments() bool { return t == BinaryEvent || t == BinaryAck }

// A SocketPacket is one Socket.IO packet without its attachments.
type SocketPacket struct {
	Type SocketType
	// Namespace begins with a slash. It is "/" if the packet names none.
	Namespace string
	// Query is the text behind the question mark in the namespace of a CONNECT of
	// revision 4, still escaped.
	Query string
	// ID is the id of the ack that the packet requests or is, if HasID is true.
	ID    uint64
	HasID bool
	// Attachments is the number of binary messages that the sender announces. A
	// client can announce any number, so do not allocate memory for them.
	Attachments int
	// Data is valid JSON, or nil if the packet has none. It may alias the decoded
	// text.
	Data json.RawMessage
	// Elements are the elements of Data if Data is an array; in an event they are
	// its name and arguments. Decoding sets them, encoding ignores them.
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

// decodeHeader decodes everything before the payload, which is the same in both
// revisions. It returns ErrIgnored for an unknown type, and ErrFatal for an empty
// packet and for an invalid number of attachments.
func decodeHeader(text []byte) (p SocketPacket, payload []byte, err error) {
	if len(text) == 0 {
		// The parsers accept "" as CONNECT, but the engine passes undefined for an
		// empty message, and the parsers throw.
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

// cutType reads the type from the first character, as a JavaScript number: white
// space is zero.
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

// maxAttachments is the largest count that fits an int on every platform. Callers
// that collect attachments must set a lower limit.
const maxAttachments = 1<<31 - 1

// cutAttachments reads the count before the first dash; no digits mean zero. It
// rejects fractions, Infinity and counts above maxAttachments, for which the
// original waits without end.
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

// cutNamespace reads a namespace up to the comma, or to the end without a comma.
func cutNamespace(text []byte) (namespace string, rest []byte) {
	if len(text) == 0 || text[0] != '/' {
		return "/", text
	}
	name, rest, _ := bytes.Cut(text, []byte{','})
	return string(name), rest
}

// cutID reads all leading characters that are numbers to JavaScript, including
// white space: ' ["a"]' has the id 0, and '1 2["a"]' has the id NaN. A client
// cannot use an ack for NaN, so such a packet has no id here.
//
// Above 2^53 the original rounds. Here ids are exact up to 64 bits, so that an ack
// has the digits of the request; a packet with a larger id gets no ack.
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

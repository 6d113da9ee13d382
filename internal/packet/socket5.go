package packet

import (
	"bytes"
	"encoding/json"
)

// maxAttachments5 is what socket.io-parser takes since 4.2.6, so as not to
// collect without end.
const maxAttachments5 = 10

// DecodeSocket5 decodes one text packet of Socket.IO protocol 5. The error is
// always ErrFatal: this revision closes the session for anything malformed.
// Events and acks without a payload pass, as they do in the original.
//
// Source: decodeString of socket.io-parser 4.2.
func DecodeSocket5(text []byte) (SocketPacket, error) {
	p, payload, err := decodeHeader(text)
	if err != nil {
		return SocketPacket{}, ErrFatal
	}
	if p.Type.HasAttachments() && (p.Attachments < 1 || p.Attachments > maxAttachments5) {
		return SocketPacket{}, ErrFatal
	}
	if len(payload) > 0 {
		if !json.Valid(payload) || !validPayload5(p.Type, payload) {
			return SocketPacket{}, ErrFatal
		}
		p.Data = payload
	}
	return p, nil
}

// validPayload5 looks at valid JSON, in front of which no space can stand:
// the id has taken it.
func validPayload5(t SocketType, payload []byte) bool {
	switch first := payload[0]; t {
	case Connect:
		return first == '{'
	case ConnectError:
		return first == '{' || first == '"'
	case Event, BinaryEvent:
		return first == '[' && validEventName5(payload)
	case Ack, BinaryAck:
		return first == '['
	}
	return false // DISCONNECT carries nothing
}

// validEventName5 reports whether the array begins with a number or with a
// string that is not reserved.
func validEventName5(array []byte) bool {
	name := bytes.TrimLeft(array[1:], " \t\r\n")
	switch c := name[0]; {
	case c == '-' || '0' <= c && c <= '9':
		return true
	case c != '"':
		return false
	}
	end := 1
	for ; name[end] != '"'; end++ {
		if name[end] == '\\' {
			end++
		}
	}
	// Escapes may spell a reserved name as well.
	var text string
	if err := json.Unmarshal(name[:end+1], &text); err != nil {
		return false
	}
	switch text {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return false
	}
	return true
}

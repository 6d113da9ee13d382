package packet

import "encoding/json"

// DecodeSocket5 decodes one text packet of Socket.IO protocol 5. The error is
// always ErrFatal, because this revision closes the session for every malformed
// packet, and here for JSON that DecodeSocket4 ignores because of its size. Events
// and acks without a payload are valid, as in the original.
//
// Source: decodeString of socket.io-parser 4.2.
func DecodeSocket5(text []byte) (SocketPacket, error) {
	p, payload, err := decodeHeader(text)
	if err != nil {
		return SocketPacket{}, ErrFatal
	}
	if p.Type.HasAttachments() && p.Attachments < 1 {
		return SocketPacket{}, ErrFatal
	}
	if len(payload) > 0 {
		var ok bool
		if p.Elements, ok = splitPayload5(p.Type, payload); !ok {
			return SocketPacket{}, ErrFatal
		}
		if p.Type.HasAttachments() && !validPlaceholders(payload, p.Attachments) {
			return SocketPacket{}, ErrFatal
		}
		p.Data = payload
	}
	return p, nil
}

// splitPayload5 checks a payload and returns its elements if it is an array. It
// needs to skip no leading white space, because cutID has read that.
func splitPayload5(t SocketType, payload []byte) (elements []json.RawMessage, ok bool) {
	switch t {
	case Connect:
		return nil, payload[0] == '{' && validValue(payload)
	case ConnectError:
		return nil, (payload[0] == '{' || payload[0] == '"') && validValue(payload)
	case Event, BinaryEvent:
		elements, ok = splitArray(payload)
		return elements, ok && len(elements) > 0 && validEventName5(elements[0])
	case Ack, BinaryAck:
		return splitArray(payload)
	}
	return nil, false // DISCONNECT has no payload
}

// validEventName5 reports whether a JSON value is a number, or a string that is
// not reserved.
func validEventName5(name json.RawMessage) bool {
	switch c := name[0]; {
	case c == '-' || '0' <= c && c <= '9':
		return true
	case c != '"':
		return false
	}
	// A reserved name may be written with escapes.
	var text string
	if err := json.Unmarshal(name, &text); err != nil {
		return false
	}
	return !ReservedEvent(text)
}

// ReservedEvent reports whether clients may not send an event with this name,
// because the libraries use it.
//
// Source: RESERVED_EVENTS of socket.io-parser 4.2.
func ReservedEvent(name string) bool {
	switch name {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

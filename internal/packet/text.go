package packet

import "encoding/base64"

// DecodeText3 decodes one text packet of Engine.IO 3: a websocket text frame,
// or one element of a text payload. Only base64 data is copied.
//
// Source: decodePacket of engine.io-parser 2.1.
func DecodeText3(msg []byte) (Packet, error) {
	if len(msg) > 0 && msg[0] == 'b' {
		return decodeBase64Packet3(msg[1:]), nil
	}
	return decodeText(msg)
}

// DecodeBinary3 decodes one binary packet of Engine.IO 3: its first byte is
// the type, as a number and not as a digit. It has no malformed input: the
// original lets an unknown type, and even an empty frame, pass as a packet
// that nobody acts upon.
//
// Source: decodePacket of engine.io-parser 2.1.
func DecodeBinary3(msg []byte) (Packet, error) {
	if len(msg) == 0 {
		return Packet{Type: Unknown, Binary: true}, nil
	}
	p := Packet{Type: Unknown, Binary: true, Data: msg[1:]}
	if t := Type(msg[0]); t <= Noop {
		p.Type = t
	}
	return p, nil
}

// DecodeText4 decodes one text packet of Engine.IO 4: a websocket text frame,
// or one element of a payload. A leading b marks a binary Message, with no
// type digit of its own.
//
// Source: decodePacket of engine.io-parser 5.2.
func DecodeText4(msg []byte) (Packet, error) {
	if len(msg) > 0 && msg[0] == 'b' {
		return Packet{Type: Message, Binary: true, Data: decodeBase64(msg[1:])}, nil
	}
	return decodeText(msg)
}

// DecodeBinary4 decodes a binary websocket frame of Engine.IO 4, which is a
// Message as a whole. The error is always nil; it is there so that the four
// decoders of single packets have one type.
//
// Source: decodePacket of engine.io-parser 5.2.
func DecodeBinary4(msg []byte) (Packet, error) {
	return Packet{Type: Message, Binary: true, Data: msg}, nil
}

// AppendText appends the text form of p in Engine.IO 3, which is also that of
// Engine.IO 4 as long as p is not binary.
//
// Source: encodePacket of engine.io-parser 2.1.
func AppendText(dst []byte, p Packet) []byte {
	if !p.Binary {
		return append(append(dst, '0'+byte(p.Type)), p.Data...)
	}
	dst = append(dst, 'b', '0'+byte(p.Type))
	return base64.StdEncoding.AppendEncode(dst, p.Data)
}

func decodeText(msg []byte) (Packet, error) {
	if len(msg) == 0 {
		return Packet{}, ErrMalformed
	}
	t, ok := typeOfDigit(msg[0])
	if !ok {
		return Packet{}, ErrMalformed
	}
	return Packet{Type: t, Data: msg[1:]}, nil
}

// decodeBase64Packet3 cannot fail, just as the original: neither a missing
// type nor broken base64 is an error there.
func decodeBase64Packet3(msg []byte) Packet {
	p := Packet{Type: Unknown, Binary: true}
	if len(msg) == 0 {
		return p
	}
	if t, ok := typeOfDigit(msg[0]); ok {
		p.Type = t
	}
	p.Data = decodeBase64(msg[1:])
	return p
}

func typeOfDigit(c byte) (Type, bool) {
	return Type(c - '0'), '0' <= c && c <= '0'+byte(Noop)
}

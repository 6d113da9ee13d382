package packet

import "encoding/base64"

// DecodeText3 decodes one text packet of Engine.IO 3: a websocket text message or
// one element of a text payload. It copies data only to decode base64.
//
// Source: decodePacket of engine.io-parser 2.1.
func DecodeText3(msg []byte) (Packet, error) {
	if len(msg) > 0 && msg[0] == 'b' {
		return decodeBase64Packet3(msg[1:]), nil
	}
	return decodeText(msg)
}

// DecodeBinary3 decodes one binary packet of Engine.IO 3. The first byte is the
// type as a number. The error is always nil: like the original, it returns an
// Unknown packet for an unknown type and for an empty message.
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

// DecodeText4 decodes one text packet of Engine.IO 4: a websocket text message or
// one element of a payload. A leading b marks a binary Message without a type
// digit.
//
// Source: decodePacket of engine.io-parser 5.2.
func DecodeText4(msg []byte) (Packet, error) {
	if len(msg) > 0 && msg[0] == 'b' {
		return Packet{Type: Message, Binary: true, Data: decodeBase64(msg[1:])}, nil
	}
	return decodeText(msg)
}

// DecodeBinary4 decodes a binary websocket message of Engine.IO 4, which is the data
// of a Message packet. The error is always nil; it gives the four decoders the same
// signature.
//
// Source: decodePacket of engine.io-parser 5.2.
func DecodeBinary4(msg []byte) (Packet, error) {
	return Packet{Type: Message, Binary: true, Data: msg}, nil
}

// AppendText appends the text form of p in Engine.IO 3. For packets that are not
// binary it is also the form in Engine.IO 4.
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

// decodeBase64Packet3 returns no error because in the original neither a missing
// type nor invalid base64 is one.
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

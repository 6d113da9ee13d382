package packet

import (
	"iter"
	"strconv"
	"unicode/utf8"
)

// The first byte of an element of a binary payload, and the byte behind its length.
const (
	stringElement = 0x00
	binaryElement = 0x01
	lengthEnd     = 0xff
)

// maxLengthDigits is the maximum number of digits of a length in the original.
const maxLengthDigits = 310

// BinaryPayload3 decodes a binary payload of Engine.IO 3. Each packet consists of a
// byte that is 0 for text, the decimal digits of its length in bytes (one byte per
// digit, with the digit's value), 0xff, and the packet itself. An empty body is a
// payload without packets.
//
// As in the original, the framing of the whole body is checked before the first
// packet is yielded. The check is stricter: a length without digits or with a byte
// above 9, and a packet longer than the rest of the body are malformed here, where
// the original continues at a wrong position.
//
// Source: decodePayloadAsBinary of engine.io-parser 2.1.
func BinaryPayload3(body []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for rest, ok := body, true; len(rest) > 0; {
			if _, _, rest, ok = cutBinaryElement(rest); !ok {
				yield(Packet{}, ErrMalformed)
				return
			}
		}
		for rest := body; len(rest) > 0; {
			kind, msg, tail, _ := cutBinaryElement(rest)
			p, err := decodeBinaryElement(kind, msg)
			if !yield(p, err) || err != nil {
				return
			}
			rest = tail
		}
	}
}

// cutBinaryElement cuts the first packet off a binary payload.
func cutBinaryElement(b []byte) (kind byte, msg, rest []byte, ok bool) {
	n := 0
	for i, c := range b[1:] {
		switch {
		case c == lengthEnd && i > 0:
			rest = b[1+i+1:]
			if n > len(rest) {
				return 0, nil, nil, false
			}
			return b[0], rest[:n], rest[n:], true
		case c > 9 || i == maxLengthDigits:
			return 0, nil, nil, false
		}
		// A length above len(b) only grows, so the check avoids an overflow.
		if n <= len(b) {
			n = n*10 + int(c)
		}
	}
	return 0, nil, nil, false
}

func decodeBinaryElement(kind byte, msg []byte) (Packet, error) {
	if kind != stringElement {
		return DecodeBinary3(msg)
	}
	if len(msg) > 0 && msg[0] == 'b' {
		return DecodeText3(msg)
	}
	msg, ok := repairSurrogates(msg)
	if !ok {
		return Packet{}, ErrMalformed
	}
	return DecodeText3(msg)
}

// repairSurrogates returns b with each encoded surrogate replaced by U+FFFD, which
// also has three bytes. The original decodes text in binary payloads with its own
// decoder, which accepts surrogates but no other invalid bytes.
//
// Source: utf8.js of engine.io-parser 2.1.
func repairSurrogates(b []byte) (text []byte, ok bool) {
	if utf8.Valid(b) {
		return b, true
	}
	text = append([]byte(nil), b...)
	for i := 0; i+2 < len(text); i++ {
		// In valid UTF-8 0xed is always the first byte of a sequence.
		if text[i] == 0xed && text[i+1]&0xe0 == 0xa0 && text[i+2]&0xc0 == 0x80 {
			copy(text[i:], replacement)
			i += 2
		}
	}
	return text, utf8.Valid(text)
}

// appendBinaryPayload3 appends ps as a binary payload. Lengths are in bytes, also
// for text.
//
// Source: encodePayloadAsBinary of engine.io-parser 2.1.
func appendBinaryPayload3(dst []byte, ps iter.Seq[Packet]) []byte {
	for p := range ps {
		kind, tag := byte(stringElement), '0'+byte(p.Type)
		if p.Binary {
			kind, tag = binaryElement, byte(p.Type)
		}
		dst = append(dst, kind)
		digits := len(dst)
		dst = strconv.AppendInt(dst, int64(1+len(p.Data)), 10)
		for i := digits; i < len(dst); i++ {
			dst[i] -= '0'
		}
		dst = append(dst, lengthEnd, tag)
		dst = append(dst, p.Data...)
	}
	return dst
}

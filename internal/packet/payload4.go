package packet

import (
	"bytes"
	"encoding/base64"
	"iter"
)

// separator is the byte between the packets of an Engine.IO 4 payload.
const separator = 0x1e

// Payload4 decodes a payload of Engine.IO 4: packets separated by 0x1e. It yields
// the packets before the first malformed one, then ErrMalformed, and ends. An empty
// packet is malformed, and so is an empty body.
//
// Source: decodePayload of engine.io-parser 5.2.
func Payload4(body []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		rest := validUTF8(body)
		for more := true; more; {
			var msg []byte
			msg, rest, more = bytes.Cut(rest, []byte{separator})
			p, err := DecodeText4(msg)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// AppendPayload4 appends ps as one payload of Engine.IO 4. Binary packets become
// Message packets, because the format has no type for them.
//
// Source: encodePayload of engine.io-parser 5.2.
func AppendPayload4(dst []byte, ps iter.Seq[Packet]) []byte {
	start := len(dst)
	for p := range ps {
		if len(dst) > start {
			dst = append(dst, separator)
		}
		if p.Binary {
			dst = base64.StdEncoding.AppendEncode(append(dst, 'b'), p.Data)
		} else {
			dst = AppendText(dst, p)
		}
	}
	return dst
}

package packet

import (
	"bytes"
	"iter"
	"strconv"
)

// Payload3 decodes a text payload of Engine.IO 3: packets, each after its length in
// UTF-16 code units and a colon. It yields the packets before the first malformed
// one, then ErrMalformed, and ends. An empty body is malformed. Packets of length
// zero are skipped.
//
// Source: decodePayload of engine.io-parser 2.1.
func Payload3(body []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		// The original counts in decoded text, in which invalid bytes are U+FFFD.
		rest := validUTF8(body)
		if len(rest) == 0 {
			yield(Packet{}, ErrMalformed)
			return
		}
		for len(rest) > 0 {
			msg, tail, ok := cutElement(rest)
			if !ok {
				yield(Packet{}, ErrMalformed)
				return
			}
			rest = tail
			if len(msg) == 0 {
				continue
			}
			p, err := DecodeText3(msg)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// cutElement splits off the first packet of a text payload.
func cutElement(b []byte) (msg, rest []byte, ok bool) {
	colon := bytes.IndexByte(b, ':')
	if colon < 1 {
		return nil, nil, false
	}
	rest = b[colon+1:]
	n, ok := parseLength(b[:colon], len(rest))
	if !ok {
		return nil, nil, false
	}
	msg, rest, split, ok := cutUTF16(rest, n)
	if split {
		// The length ends within a surrogate pair. The first half becomes U+FFFD at
		// the end of this packet. The second half is in the place of the next
		// length, so the rest is malformed.
		msg, rest = append(msg[:len(msg):len(msg)], replacement...), []byte(replacement)
	}
	return msg, rest, ok
}

// parseLength parses a length as a JavaScript number, as the original does:
// "007", " 7", "0x7", "7.0" and "-0" are valid. It rejects values that are no
// integer from 0 to limit.
func parseLength(b []byte, limit int) (int, bool) {
	n := 0
	for i, c := range b {
		if c < '0' || c > '9' || i == 9 {
			f, ok := parseNumber(string(b))
			if !ok || f < 0 || f > float64(limit) || f != float64(int(f)) {
				return 0, false
			}
			return int(f), true
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= limit
}

// AppendPayload3 appends ps as one payload of Engine.IO 3. If there are binary
// packets and the client supports binary, out is a binary payload and binary is
// true. Otherwise out is text, with binary packets in base64.
//
// Source: encodePayload of engine.io-parser 2.1.
func AppendPayload3(dst []byte, ps iter.Seq[Packet], supportsBinary bool) (out []byte, binary bool) {
	for p := range ps {
		if supportsBinary && p.Binary {
			return appendBinaryPayload3(dst, ps), true
		}
	}
	start := len(dst)
	for p := range ps {
		n := 1 + UTF16Len(p.Data)
		if p.Binary {
			n = len("b4") + base64Len(len(p.Data))
		}
		dst = append(strconv.AppendInt(dst, int64(n), 10), ':')
		dst = AppendText(dst, p)
	}
	if len(dst) == start {
		dst = append(dst, "0:"...)
	}
	return dst, false
}

func base64Len(n int) int { return (n + 2) / 3 * 4 }

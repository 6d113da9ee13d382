package packet

import (
	"bytes"
	"iter"
	"strconv"
)

// Payload3 reads a text payload of Engine.IO 3: packets, each behind its
// length in UTF-16 code units and a colon. It yields the packets before the
// first malformed one, then ErrMalformed, and ends. An empty body is
// malformed; packets of length zero are skipped.
//
// Source: decodePayload of engine.io-parser 2.1.
func Payload3(body []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		// The original counts in the decoded text, where invalid bytes have
		// become U+FFFD already.
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

// cutElement cuts the first packet off a text payload.
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
		// Half a pair is no text: it ends this packet as U+FFFD. The other
		// half begins what should be the next length, and makes it malformed
		// whatever follows.
		msg, rest = append(msg[:len(msg):len(msg)], replacement...), []byte(replacement)
	}
	return msg, rest, ok
}

// parseLength reads a length as the original compares it: as a number in
// JavaScript's sense, so that "007", " 7", "0x7", "7.0" and "-0" are lengths
// too. It refuses what cannot be the length of anything up to limit.
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

// AppendPayload3 appends ps as one payload of Engine.IO 3. It is text, with
// binary packets in base64, unless there are binary packets and the client
// can take them as they are: then out is the binary form and binary is true.
//
// Source: encodePayload of engine.io-parser 2.1.
func AppendPayload3(dst []byte, ps []Packet, supportsBinary bool) (out []byte, binary bool) {
	if len(ps) == 0 {
		return append(dst, "0:"...), false
	}
	for _, p := range ps {
		if supportsBinary && p.Binary {
			return appendBinaryPayload3(dst, ps), true
		}
	}
	for _, p := range ps {
		n := 1 + UTF16Len(p.Data)
		if p.Binary {
			n = len("b4") + base64Len(len(p.Data))
		}
		dst = append(strconv.AppendInt(dst, int64(n), 10), ':')
		dst = AppendText(dst, p)
	}
	return dst, false
}

func base64Len(n int) int { return (n + 2) / 3 * 4 }

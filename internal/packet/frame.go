package packet

import "encoding/binary"

// Of a websocket frame's first two bytes and of its lengths: RFC 6455,
// section 5.2.
const (
	finalText   = 0x80 | 0x1
	finalBinary = 0x80 | 0x2
	length16    = 126 // the length follows in 2 bytes
	length64    = 127 // the length follows in 8 bytes
)

// AppendFrame appends one whole websocket frame as a server sends it: final,
// unmasked, without extensions. The payload may come in parts, so that a
// header in front of shared bytes costs no copy of its own.
func AppendFrame(dst []byte, isBinary bool, payload ...[]byte) []byte {
	n := 0
	for _, part := range payload {
		n += len(part)
	}
	dst = AppendFrameHeader(dst, isBinary, n)
	for _, part := range payload {
		dst = append(dst, part...)
	}
	return dst
}

// AppendFrameHeader appends the header of such a frame for a payload of n
// bytes, which the caller appends.
func AppendFrameHeader(dst []byte, isBinary bool, n int) []byte {
	first := byte(finalText)
	if isBinary {
		first = finalBinary
	}
	switch {
	case n < length16:
		return append(dst, first, byte(n))
	case n <= 0xffff:
		dst = append(dst, first, length16)
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	dst = append(dst, first, length64)
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// FrameLen is the length of such a frame with a payload of n bytes.
func FrameLen(n int) int {
	switch {
	case n < length16:
		return 2 + n
	case n <= 0xffff:
		return 4 + n
	}
	return 10 + n
}

// NextFrame cuts the first frame off b, which must consist of whole frames
// that AppendFrame wrote; it panics or returns nonsense on anything else.
// Never use it on what came from the network.
func NextFrame(b []byte) (payload, rest []byte) {
	n, header := int(b[1]), 2
	switch n {
	case length16:
		n, header = int(binary.BigEndian.Uint16(b[2:])), 4
	case length64:
		n, header = int(binary.BigEndian.Uint64(b[2:])), 10
	}
	return b[header : header+n], b[header+n:]
}

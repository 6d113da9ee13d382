package packet

import (
	"encoding/binary"
	"iter"
)

// The first byte of a websocket frame, and values of its second byte. Source:
// RFC 6455, section 5.2.
const (
	finalText   = 0x80 | 0x1
	finalBinary = 0x80 | 0x2
	length16    = 126 // the length follows in 2 bytes
	length64    = 127 // the length follows in 8 bytes
)

// AppendFrame appends one whole websocket frame as a server sends it: final,
// unmasked, without extensions. It takes the payload in parts, which saves the
// caller a copy to join them.
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

// AppendFrameHeader appends the header of such a frame. The caller appends the
// payload of n bytes.
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

// FrameLen returns the length in bytes of such a frame with a payload of n bytes.
func FrameLen(n int) int {
	switch {
	case n < length16:
		return 2 + n
	case n <= 0xffff:
		return 4 + n
	}
	return 10 + n
}

// AppendPacketFrame appends one frame with a packet, as Engine.IO 3 has it on
// websockets: the type is a digit before text and a number before binary data.
func AppendPacketFrame(dst []byte, p Packet) []byte {
	first := byte(p.Type)
	if !p.Binary {
		first += '0'
	}
	return AppendFrame(dst, p.Binary, []byte{first}, p.Data)
}

// FramedPackets returns the packets in frames from AppendPacketFrame, of which each
// slice holds any number. Their data aliases the frames.
func FramedPackets(frames ...[]byte) iter.Seq[Packet] {
	return func(yield func(Packet) bool) {
		for _, b := range frames {
			for len(b) > 0 {
				p := Packet{Binary: b[0] == finalBinary}
				p.Data, b = NextFrame(b)
				p.Type, p.Data = Type(p.Data[0]), p.Data[1:]
				if !p.Binary {
					p.Type -= '0'
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}

// NextFrame splits off the first frame of b. b must consist of whole frames from
// AppendFrame. On other input NextFrame panics or returns wrong bytes, so it must
// not be used on input from the network.
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

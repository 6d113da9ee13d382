package load

import (
	"encoding/binary"
	"errors"
)

// The opcodes that a server may send.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

var (
	errMasked     = errors.New("a frame of the server is masked")
	errReserved   = errors.New("a frame has reserved bits set, though no extension was agreed on")
	errFragmented = errors.New("a message comes in fragments")
	errHuge       = errors.New("a frame announces more than 1 MB")
)

// maxFrame is far above any message of the bench: a longer length means that the stream was read from the wrong place.
const maxFrame = 1 << 20

// nextFrame cuts the first frame off b. While b holds no complete frame, whole is false and rest is b.
func nextFrame(b []byte) (op byte, payload, rest []byte, whole bool, err error) {
	if len(b) < 2 {
		return 0, nil, b, false, nil
	}
	if err := checkHead(b[0], b[1]); err != nil {
		return 0, nil, b, false, err
	}
	head, size := 2, uint64(b[1])
	switch size {
	case 126:
		if head = 4; len(b) < head {
			return 0, nil, b, false, nil
		}
		size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if head = 10; len(b) < head {
			return 0, nil, b, false, nil
		}
		size = binary.BigEndian.Uint64(b[2:])
	}
	if size > maxFrame {
		return 0, nil, b, false, errHuge
	}
	end := head + int(size)
	if len(b) < end {
		return 0, nil, b, false, nil
	}
	return b[0] & 15, b[head:end], b[end:], true, nil
}

func checkHead(first, second byte) error {
	switch {
	case first&0x70 != 0:
		return errReserved
	case first&0x80 == 0 || first&15 == 0:
		return errFragmented
	case second&0x80 != 0:
		return errMasked
	}
	return nil
}

// mask is the same in all frames. Its secrecy, which protects proxies, does not matter here; that servers must undo it does.
var mask = [4]byte{0x5a, 0x17, 0xe3, 0x9c}

// appendFrame appends a client's frame, masked as clients must, with a payload below 64 KB.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	if n := len(payload); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}

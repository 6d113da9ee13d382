package notation

import (
	bigendian "encoding/binary"
	"errors"
	"fmt"
	"io"
)

// firstBytes are those of frames that are a whole message.
var firstBytes = map[string]byte{"text": 0x81, "binary": 0x82, "close": 0x88, "ping": 0x89, "pong": 0x8a}

// Frame returns a masked frame that is a whole message: text, binary, close, ping or pong.
func Frame(opcode, payload string) string { return maskedFrame(firstBytes[opcode], payload) }

// maskedFrame is a frame as clients have to send it.
func maskedFrame(first byte, payload string) string {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	data := []byte(payload)
	for i := range data {
		data[i] ^= key[i%4]
	}
	return frameHead(first, 0x80, len(data)) + string(key[:]) + string(data)
}

// unmaskedFrame is a frame as clients must not send it.
func unmaskedFrame(first byte, payload string) string {
	return frameHead(first, 0, len(payload)) + payload
}

func frameHead(first, mask byte, n int) string {
	switch {
	case n < 126:
		return string([]byte{first, mask | byte(n)})
	case n < 1<<16:
		return string(bigendian.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(n)))
	}
	return string(bigendian.BigEndian.AppendUint64([]byte{first, mask | 127}, uint64(n)))
}

// ErrMalformed is ReadFrame's answer to what no server sends: a masked frame, or one of more than 128 MiB.
var ErrMalformed = errors.New("malformed frame")

// ReadFrame reads a frame of a server: its first byte and its payload.
func ReadFrame(in io.Reader) (first byte, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1] & 0x7f)
	if extra := map[uint64]int{126: 2, 127: 8}[n]; extra > 0 {
		var length [8]byte
		if _, err := io.ReadFull(in, length[8-extra:]); err != nil {
			return 0, "", err
		}
		n = bigendian.BigEndian.Uint64(length[:])
	}
	if head[1]&0x80 != 0 || n > 1<<27 {
		return 0, "", fmt.Errorf("%w % x", ErrMalformed, head)
	}
	data := make([]byte, n)
	_, err = io.ReadFull(in, data)
	return head[0], string(data), err
}

package load

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// serverFrame writes a frame as a server does.
func serverFrame(op byte, payload string) []byte {
	b := appendFrame(nil, op, []byte(payload))
	head := 2
	if len(payload) > 125 {
		head = 4
	}
	b[1] &= 0x7f
	return append(b[:head:head], payload...)
}

func TestFramesCutAtEveryByte(t *testing.T) {
	payloads := []string{"", "2", `42["chat","x"]`, strings.Repeat("y", 125), strings.Repeat("z", 126), strings.Repeat("w", 70)}
	var stream []byte
	for _, p := range payloads {
		stream = append(stream, serverFrame(opText, p)...)
	}
	for cut := range len(stream) {
		var got []string
		var rest []byte
		for _, part := range [][]byte{stream[:cut], stream[cut:]} {
			rest = append(bytes.Clone(rest), part...)
			for {
				op, payload, r, whole, err := nextFrame(rest)
				if err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				if !whole {
					break
				}
				if op != opText {
					t.Fatalf("cut at %d: opcode %d", cut, op)
				}
				got, rest = append(got, string(payload)), r
			}
		}
		if len(rest) != 0 || strings.Join(got, "|") != strings.Join(payloads, "|") {
			t.Fatalf("cut at %d: %d frames, %d bytes left", cut, len(got), len(rest))
		}
	}
}

func TestLongLengths(t *testing.T) {
	b := append([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, make([]byte, 65536)...)
	if op, p, rest, whole, err := nextFrame(b); op != opBinary || len(p) != 65536 || len(rest) != 0 || !whole || err != nil {
		t.Errorf("opcode %d, %d bytes, %d left, %v, %v", op, len(p), len(rest), whole, err)
	}
	for i := range 10 {
		if _, _, rest, whole, err := nextFrame(b[:i]); whole || err != nil || len(rest) != i {
			t.Errorf("%d bytes of the head: %v, %v", i, whole, err)
		}
	}
}

func TestBadFrames(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want error
	}{
		{[]byte{0x81, 0x81, 1, 2, 3, 4, 5}, errMasked},
		{[]byte{0xc1, 0x01, 'x'}, errReserved},
		{[]byte{0x01, 0x01, 'x'}, errFragmented},
		{[]byte{0x80, 0x01, 'x'}, errFragmented},
		{[]byte{0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0}, errHuge},
		{[]byte{0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255}, errHuge},
	} {
		if _, _, _, whole, err := nextFrame(c.in); whole || !errors.Is(err, c.want) {
			t.Errorf("%x: %v, %v, not %v", c.in, whole, err, c.want)
		}
	}
}

func TestClientFramesUnmaskToTheirPayload(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 4000} {
		payload := bytes.Repeat([]byte("abcde"), n)[:n]
		b := appendFrame([]byte("kept"), opText, payload)[4:]
		head := 2
		if n > 125 {
			head = 4
		}
		got := bytes.Clone(b[head+4:])
		for i := range got {
			got[i] ^= b[head+i&3]
		}
		if b[0] != 0x81 || b[1]&0x80 == 0 || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: %x", n, b[:min(len(b), 12)])
		}
	}
}

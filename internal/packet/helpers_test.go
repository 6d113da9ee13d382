package packet

import (
	"bytes"
	"iter"
	"testing"
)

func text(t Type, data string) Packet { return Packet{Type: t, Data: []byte(data)} }
func bin(t Type, data string) Packet  { return Packet{Type: t, Binary: true, Data: []byte(data)} }

func same(a, b Packet) bool {
	return a.Type == b.Type && a.Binary == b.Binary && bytes.Equal(a.Data, b.Data)
}

// checkPackets compares the packets of a payload. malformed is whether
// ErrMalformed must follow them.
func checkPackets(t *testing.T, got iter.Seq2[Packet, error], want []Packet, malformed bool) {
	t.Helper()
	i, failed := 0, false
	for p, err := range got {
		switch {
		case failed:
			t.Fatal("the payload yields more after the error")
		case err != nil:
			failed = true
			if err != ErrMalformed || !same(p, Packet{}) {
				t.Errorf("got %v, %v with the error", p, err)
			}
		case i >= len(want):
			t.Errorf("unexpected packet %v", p)
		case !same(p, want[i]):
			t.Errorf("packet %d: got %v, want %v", i, p, want[i])
		}
		if err == nil {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("got %d packets, want %d", i, len(want))
	}
	if failed != malformed {
		t.Errorf("malformed: got %v, want %v", failed, malformed)
	}
}

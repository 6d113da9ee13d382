package packet

import (
	"slices"
	"testing"
)

func TestPayload4(t *testing.T) {
	hello := text(Message, "hello")
	for _, test := range []struct {
		name, body string
		want       []Packet
		malformed  bool
	}{
		{"one", "4hello", []Packet{hello}, false},
		{"two", "4hello\x1e3", []Packet{hello, text(Pong, "")}, false},
		{"binary", "bQUJD\x1e4hello", []Packet{bin(Message, "ABC"), hello}, false},
		{"binary without padding", "bQQ", []Packet{bin(Message, "A")}, false},
		{"empty binary", "b", []Packet{bin(Message, "")}, false},
		{"invalid bytes", "4\xe3\x81\x1e3", []Packet{text(Message, "\uFFFD"), text(Pong, "")}, false},
		{"empty body", "", nil, true},
		{"separator at the end", "4hello\x1e", []Packet{hello}, true},
		{"separator first", "\x1e4hello", nil, true},
		{"nothing after a bad one", "4hello\x1ex\x1e4hello", []Packet{hello}, true},
		{"payload of revision 3", "6:4hello", []Packet{text(Noop, ":4hello")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkPackets(t, Payload4([]byte(test.body)), test.want, test.malformed)
		})
	}
}

func TestAppendPayload4(t *testing.T) {
	for _, test := range []struct {
		name    string
		packets []Packet
		want    string
	}{
		{"nothing", nil, ""},
		{"one", []Packet{text(Message, "a")}, "4a"},
		{"binary", []Packet{text(Ping, ""), bin(Message, "ABCD"), text(Message, "日")}, "2\x1ebQUJDRA==\x1e4日"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(AppendPayload4(nil, slices.Values(test.packets))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

package packet

import (
	"strings"
	"testing"
)

func TestBinaryPayload3(t *testing.T) {
	hello := text(Message, "hello")
	for _, test := range []struct {
		name, body string
		want       []Packet
		malformed  bool
	}{
		{"empty body is no error here", "", nil, false},
		{"text", "\x00\x06\xff4hello", []Packet{hello}, false},
		{"binary", "\x01\x04\xff\x04abc", []Packet{bin(Message, "abc")}, false},
		{"both", "\x00\x06\xff4hello\x01\x01\xff\x02", []Packet{hello, bin(Ping, "")}, false},
		{"text counts bytes", "\x00\x04\xff4日", []Packet{text(Message, "日")}, false},
		{"base64 within", "\x00\x06\xffb4QUJD", []Packet{bin(Message, "ABC")}, false},
		{"any other first byte is binary", "\x09\x01\xff\x03", []Packet{bin(Pong, "")}, false},
		{"leading zeros", "\x00\x00\x00\x06\xff4hello", []Packet{hello}, false},
		{"empty binary is ignored", "\x01\x00\xff\x00\x06\xff4hello", []Packet{bin(Unknown, ""), hello}, false},
		{"an encoded surrogate is forgiven", "\x00\x04\xff4\xed\xa0\x80", []Packet{text(Message, "\uFFFD")}, false},

		{"empty text", "\x00\x00\xff", nil, true},
		{"unknown type of text", "\x00\x06\xff4hello\x00\x01\xff9", []Packet{hello}, true},
		{"text that is not UTF-8", "\x00\x03\xff4\xe3\x81", nil, true},
		{"bad framing voids what came before", "\x00\x06\xff4hello\x01\x05", nil, true},
		{"no end of the length", "\x01\x04", nil, true},
		{"no length", "\x01\xff\x04", nil, true},
		{"kind alone", "\x01", nil, true},
		{"truncated", "\x01\x05\xff\x04abc", nil, true},
		{"no digit", "\x01\x0a\xff\x04abc", nil, true},
		{"beyond int64", "\x01" + strings.Repeat("\x09", 30) + "\xff\x04", nil, true},
		{"length without end", "\x01" + strings.Repeat("\x00", 400) + "\xff", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkPackets(t, BinaryPayload3([]byte(test.body)), test.want, test.malformed)
		})
	}
}

func TestRepairSurrogatesDoesNotChangeBody(t *testing.T) {
	body := []byte("\x00\x04\xff4\xed\xa0\x80")
	for range BinaryPayload3(body) {
	}
	if string(body) != "\x00\x04\xff4\xed\xa0\x80" {
		t.Errorf("the body was changed to %q", body)
	}
}

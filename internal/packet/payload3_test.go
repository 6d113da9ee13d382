package packet

import (
	"iter"
	"slices"
	"strings"
	"testing"
)

func TestPayload3(t *testing.T) {
	hello := []Packet{text(Message, "hello")}
	for _, test := range []struct {
		name, body string
		want       []Packet
		malformed  bool
	}{
		{"one", "6:4hello", hello, false},
		{"two", "6:4hello1:2", []Packet{hello[0], text(Ping, "")}, false},
		{"binary in base64", "6:b4QUJD", []Packet{bin(Message, "ABC")}, false},
		{"binary of unknown type", "2:b9", []Packet{bin(Unknown, "")}, false},
		{"empty body", "", nil, true},
		{"length zero is skipped", "0:6:4hello", hello, false},
		{"only length zero", "0:0:", nil, false},

		{"leading zeros", "006:4hello", hello, false},
		{"more zeros than fit an int", strings.Repeat("0", 40) + "6:4hello", hello, false},
		{"space before", " 6:4hello", hello, false},
		{"no-break space after", "6\u00a0:4hello", hello, false},
		{"hexadecimal", "0x6:4hello", hello, false},
		{"octal and binary", "0o6:4hello0B1:2", []Packet{hello[0], text(Ping, "")}, false},
		{"plus sign", "+6:4hello", hello, false},
		{"point", "6.0:4hello6.:4hello", []Packet{hello[0], hello[0]}, false},
		{"exponent", "60e-1:4hello", hello, false},
		{"minus zero", "-0:6:4hello", hello, false},
		{"a space alone is zero", " :6:4hello", hello, false},

		{"no length", ":4hello", nil, true},
		{"no colon", "6", nil, true},
		{"only text", "4hello", nil, true},
		{"fraction", "6.5:4hello", nil, true},
		{"negative", "-1:4hello", nil, true},
		{"infinite", "Infinity:4hello", nil, true},
		{"beyond float64", "1e999:4hello", nil, true},
		{"beyond int64", "99999999999999999999:4hello", nil, true},
		{"Go's spellings of numbers", "1_0:4hellohell", nil, true},
		{"Go's infinity", "inf:4hello", nil, true},
		{"next line is no space to JavaScript", "\u00856:4hello", nil, true},
		{"truncated packet", "6:4hell", nil, true},
		{"truncated after a good one", "1:26:4hell", []Packet{text(Ping, "")}, true},
		{"rest without a colon", "1:26", []Packet{text(Ping, "")}, true},
		{"good ones before a bad type", "6:4hello1:7", hello, true},

		{"Japanese counts characters", "7:4こんにちは。", []Packet{text(Message, "こんにちは。")}, false},
		{"emoji counts two", "3:4😀1:2", []Packet{text(Message, "😀"), text(Ping, "")}, false},
		{"lengths in bytes are too long", "10:4日本語", nil, true},
		{"half a pair", "2:4😀", []Packet{text(Message, "\uFFFD")}, true},
		{"half a pair before more", "4:4a😀1:2", []Packet{text(Message, "a😀"), text(Ping, "")}, false},
		{"half a pair as type", "1:😀", nil, true},
		{"truncated pair", "3:4\xf0\x9f\x98", nil, true},
		{"invalid bytes count as U+FFFD each", "3:4\xff\xff", []Packet{text(Message, "\uFFFD\uFFFD")}, false},
		{"a maximal subpart counts one", "3:4\xe3\x81\xf0\x9f\x98", []Packet{text(Message, "\uFFFD\uFFFD")}, false},
		{"an encoded surrogate counts three", "4:4\xed\xa0\x80", []Packet{text(Message, "\uFFFD\uFFFD\uFFFD")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkPackets(t, Payload3([]byte(test.body)), test.want, test.malformed)
		})
	}
}

func TestPayloadsStopEarly(t *testing.T) {
	for name, payload := range map[string]iter.Seq2[Packet, error]{
		"text":       Payload3([]byte("1:11:2x")),
		"binary":     BinaryPayload3([]byte("\x00\x01\xff1\x00\x01\xff2")),
		"revision 4": Payload4([]byte("1\x1e2")),
	} {
		n := 0
		for range payload {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: got %d packets, want 1", name, n)
		}
	}
}

func TestPayload3DoesNotChangeBody(t *testing.T) {
	// The U+FFFD for half a surrogate pair must not overwrite the bytes behind it.
	body := []byte("2:4😀xxxxxxx")
	for range Payload3(body) {
	}
	if string(body) != "2:4😀xxxxxxx" {
		t.Errorf("the body was changed to %q", body)
	}
}

func TestAppendPayload3(t *testing.T) {
	message, bytes := text(Message, "日😀"), bin(Message, "ABC")
	for _, test := range []struct {
		name           string
		packets        []Packet
		supportsBinary bool
		want           string
		binary         bool
	}{
		{"nothing", nil, true, "0:", false},
		{"text", []Packet{message, text(Noop, "")}, true, "4:4日😀1:6", false},
		{"base64", []Packet{message, bytes}, false, "4:4日😀6:b4QUJD", false},
		{"binary", []Packet{message, bytes}, true, "\x00\x08\xff4日😀\x01\x04\xff\x04ABC", true},
		{"two digits", []Packet{bin(Message, "0123456789")}, true, "\x01\x01\x01\xff\x040123456789", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, isBinary := AppendPayload3([]byte("x"), slices.Values(test.packets), test.supportsBinary)
			if string(got) != "x"+test.want || isBinary != test.binary {
				t.Errorf("got %q, %v, want %q, %v", got[1:], isBinary, test.want, test.binary)
			}
		})
	}
}

package packet

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// The expected values are those of a WHATWG decoder.
func TestInvalidUTF8(t *testing.T) {
	const r = replacement
	for _, test := range []struct {
		name, in, want string
		units          int
	}{
		{"empty", "", "", 0},
		{"ASCII longer than a word", "0123456789abcdef!", "0123456789abcdef!", 17},
		{"one beyond ASCII in the second word", "01234567日9", "01234567日9", 10},
		{"last of one unit", "\uffff", "\uffff", 1},
		{"first of two units", "\U00010000", "\U00010000", 2},
		{"U+FFFD itself", r, r, 1},
		{"stray continuation", "a\x80b", "a" + r + "b", 3},
		{"cut after two of three", "\xe3\x81", r, 1},
		{"cut after three of four, then text", "\xf0\x9f\x98a", r + "a", 2},
		{"surrogate", "\xed\xa0\x80", r + r + r, 3},
		{"last before the surrogates, cut", "\xed\x9f", r, 1},
		{"overlong of two", "\xc0\xaf", r + r, 2},
		{"overlong of three", "\xe0\x80\x80", r + r + r, 3},
		{"overlong of four", "\xf0\x80\x80", r + r + r, 3},
		{"beyond U+10FFFF", "\xf4\x90\x80\x80", r + r + r + r, 4},
		{"never a byte of UTF-8", "\xff\xf5", r + r, 2},
		{"lead, lead", "\xe3\xe3\x81\x82", r + "あ", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := UTF16Len([]byte(test.in)); got != test.units {
				t.Errorf("UTF16Len: got %d, want %d", got, test.units)
			}
			if got := string(validUTF8([]byte(test.in))); got != test.want {
				t.Errorf("validUTF8: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAppendJSONString(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", `""`},
		{"plain", "hello, <b>&</b>", `"hello, <b>&</b>"`},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`},
		{"short forms", "\b\t\n\f\r", `"\b\t\n\f\r"`},
		{"long forms", "\x00\x0b\x1f", `"\u0000\u000b\u001f"`},
		{"delete and line separators stay", "\x7f\u2028\u2029/", "\"\x7f\u2028\u2029/\""},
		{"Japanese and emoji", "日本😀", `"日本😀"`},
		{"invalid bytes", "a\xff\xe3\x81\"", "\"a\uFFFD\uFFFD\\\"\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(AppendJSONString([]byte("x"), []byte(test.in))); got != "x"+test.want {
				t.Errorf("got %q, want %q", got, "x"+test.want)
			}
		})
	}
}

func TestFrames(t *testing.T) {
	for _, test := range []struct {
		name   string
		length int
		header string
	}{
		{"empty", 0, "\x81\x00"},
		{"longest of one byte", 125, "\x81\x7d"},
		{"shortest of two bytes", 126, "\x81\x7e\x00\x7e"},
		{"longest of two bytes", 65535, "\x81\x7e\xff\xff"},
		{"shortest of eight bytes", 65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			payload := []byte(strings.Repeat("x", test.length))
			half := test.length / 2
			got := AppendFrame(nil, false, payload[:half], payload[half:])
			if want := test.header + string(payload); string(got) != want {
				t.Errorf("got header %q, want %q", got[:len(got)-test.length], test.header)
			}
			first, rest := NextFrame(AppendFrame(got, false, []byte("next")))
			second, rest := NextFrame(rest)
			if !bytes.Equal(first, payload) || string(second) != "next" || len(rest) != 0 {
				t.Errorf("NextFrame returned %d bytes, %q and rest %q", len(first), second, rest)
			}
		})
	}
	if got := AppendFrame(nil, true, []byte("\x04a")); string(got) != "\x82\x02\x04a" {
		t.Errorf("binary: got %q", got)
	}
}

// Packets in frames come back, also from several slices.
func TestFramedPackets(t *testing.T) {
	want := []Packet{text(Open, "{}"), text(Pong, ""), bin(Message, ""), bin(Message, "\x00\x81\x01"),
		text(Message, strings.Repeat("日", 50_000)), text(Noop, "")}
	var one, two []byte
	for i, p := range want {
		if i < 3 {
			one = AppendPacketFrame(one, p)
		} else {
			two = AppendPacketFrame(two, p)
		}
	}
	packets := slices.Collect(FramedPackets(one, nil, two))
	if !slices.EqualFunc(packets, want, same) {
		t.Errorf("got %.100v, want %.100v", packets, want)
	}
	for p := range FramedPackets(one) { // may stop early
		if !same(p, want[0]) {
			t.Errorf("the first packet is %v", p)
		}
		break
	}
}

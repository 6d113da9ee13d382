package packet

import (
	"bytes"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// collect returns the packets of seq, and whether an error ended it.
func collect(t *testing.T, seq iter.Seq2[Packet, error]) (ps []Packet, failed bool) {
	for p, err := range seq {
		if failed {
			t.Fatal("seq yields more after the error")
		}
		if err != nil {
			failed = true
			continue
		}
		ps = append(ps, p)
	}
	return ps, failed
}

func checkRoundTrip(t *testing.T, want []Packet, seq iter.Seq2[Packet, error]) {
	t.Helper()
	got, failed := collect(t, seq)
	if failed || len(got) != len(want) {
		t.Fatalf("got %v, failed: %v, want %v", got, failed, want)
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("packet %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

// known removes packets that can be read but not written.
func known(ps []Packet) (out []Packet) {
	for _, p := range ps {
		if p.Type != Unknown {
			out = append(out, p)
		}
	}
	return out
}

func addBodies(f *testing.F) {
	for _, s := range []string{
		"", "6:4hello", "0:1:2", "3:4😀", "2:4😀", "6:b4QUJD", " 0x6:4hello", "3:4\xff\xff", "1e999:",
		"\x00\x06\xff4hello\x01\x04\xff\x04abc", "\x01\xff", "\x00\x04\xff4\xed\xa0\x80", "\x01\x09\x09\x09\xff",
		"4hello\x1ebQUJD\x1e3", "\x1e", "bQ", "4",
	} {
		f.Add([]byte(s))
	}
}

func FuzzPayload3(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		ps, _ := collect(t, Payload3(body))
		ps = known(ps)
		for _, supportsBinary := range []bool{true, false} {
			out, isBinary := AppendPayload3(nil, slices.Values(ps), supportsBinary)
			if isBinary {
				checkRoundTrip(t, ps, BinaryPayload3(out))
			} else {
				checkRoundTrip(t, ps, Payload3(out))
			}
		}
	})
}

func FuzzBinaryPayload3(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		ps, _ := collect(t, BinaryPayload3(body))
		ps = known(ps)
		checkRoundTrip(t, ps, BinaryPayload3(appendBinaryPayload3(nil, slices.Values(ps))))
		out, _ := AppendPayload3(nil, slices.Values(ps), false)
		checkRoundTrip(t, ps, Payload3(out))
	})
}

func FuzzPayload4(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		ps, _ := collect(t, Payload4(body))
		if len(ps) > 0 {
			checkRoundTrip(t, ps, Payload4(AppendPayload4(nil, slices.Values(ps))))
		}
	})
}

func FuzzPackets(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		if p, err := DecodeText3(msg); err == nil && p.Type != Unknown {
			again, err := DecodeText3(AppendText(nil, p))
			if err != nil || !same(again, p) {
				t.Errorf("text: %v was encoded and decoded to %v, %v", p, again, err)
			}
		}
		if p, err := DecodeBinary3(msg); err == nil && p.Type != Unknown {
			again, err := DecodeBinary3(append([]byte{byte(p.Type)}, p.Data...))
			if err != nil || !same(again, p) {
				t.Errorf("binary: %v was encoded and decoded to %v, %v", p, again, err)
			}
		}
		DecodeText4(msg)
		DecodeBinary4(msg)
	})
}

func addSockets(f *testing.F) {
	for _, test := range common {
		f.Add([]byte(test.text))
	}
	for _, s := range []string{"0/a b?c#d,", `2["\u0063onnect"]`, "2[ ", `5 -/n, 1["a"]`, "0/a\u3000?", `0///\?`} {
		f.Add([]byte(s))
	}
}

func FuzzSocket4(f *testing.F) {
	addSockets(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		p, err := DecodeSocket4(msg)
		if err != nil {
			if err != ErrIgnored && err != ErrFatal {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		// Decoding again trims white space that was before a fragment.
		if p.Type == Connect {
			written := p.Namespace
			if p.Query != "" {
				written += "?" + p.Query
			}
			name, query := splitNamespace(written)
			if name != p.Namespace || query != p.Query {
				return
			}
		}
		checkSocket(t, p, DecodeSocket4)
	})
}

func FuzzSocket5(f *testing.F) {
	addSockets(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		p, err := DecodeSocket5(msg)
		if err != nil {
			if err != ErrFatal {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		checkSocket(t, p, DecodeSocket5)
	})
}

func checkSocket(t *testing.T, p SocketPacket, decode func([]byte) (SocketPacket, error)) {
	t.Helper()
	if p.Data != nil && !json.Valid(p.Data) {
		t.Fatalf("invalid JSON %q", p.Data)
	}
	out := AppendSocket(nil, p)
	// A number as the payload of an error decodes as an id, in the original too.
	if p.Type == ConnectError && len(p.Data) > 0 && p.Data[0] != '"' && p.Data[0] != '{' {
		return
	}
	again, err := decode(out)
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Fatalf("%+v was encoded and decoded to %q and then %+v, %v", p, out, again, err)
	}
}

func FuzzJSONString(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, s []byte) {
		out := AppendJSONString(nil, s)
		var back string
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if want := string(validUTF8(s)); back != want {
			t.Errorf("got %q, want %q", back, want)
		}
		units := len(utf16.Encode([]rune(back)))
		if got := UTF16Len(s); got != units || !utf8.ValidString(back) {
			t.Errorf("%q: %d units, want %d", s, got, units)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("a"), []byte("b"))
	f.Add(make([]byte, 125), make([]byte, 1))
	f.Add(make([]byte, 65535), make([]byte, 1))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		log := AppendFrame(AppendFrame(nil, false, a, b), false, b)
		first, rest := NextFrame(log)
		second, rest := NextFrame(rest)
		if !bytes.Equal(first, append(a[:len(a):len(a)], b...)) || !bytes.Equal(second, b) || len(rest) != 0 {
			t.Errorf("frames of %d and %d bytes differ after decoding", len(a)+len(b), len(b))
		}
	})
}

package packet

import "testing"

func TestDecodeText(t *testing.T) {
	malformed := Packet{}
	for _, test := range []struct {
		name, msg string
		v3, v4    Packet
	}{
		{"message", "4日本", text(Message, "日本"), text(Message, "日本")},
		{"type alone", "3", text(Pong, ""), text(Pong, "")},
		{"probe", "2probe", text(Ping, "probe"), text(Ping, "probe")},
		{"last type", "6", text(Noop, ""), text(Noop, "")},
		{"empty", "", malformed, malformed},
		{"unknown digit", "7", malformed, malformed},
		{"no digit", "x", malformed, malformed},
		{"space, a number to JavaScript but no type", " 4", malformed, malformed},
		{"byte below the digits", "/", malformed, malformed},
		{"base64: type digit in 3, data from the start in 4", "b4QUJD",
			bin(Message, "ABC"), bin(Message, "\xe1\x05\x09")},
		{"base64 of unknown type", "b9QUJD", bin(Unknown, "ABC"), bin(Message, "\xf5\x05\x09")},
		{"b alone", "b", bin(Unknown, ""), bin(Message, "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			check := func(decode func([]byte) (Packet, error), want Packet) {
				t.Helper()
				wantErr := error(nil)
				if same(want, malformed) {
					wantErr = ErrMalformed
				}
				if got, err := decode([]byte(test.msg)); err != wantErr || !same(got, want) {
					t.Errorf("got %v, %v, want %v, %v", got, err, want, wantErr)
				}
			}
			check(DecodeText3, test.v3)
			check(DecodeText4, test.v4)
		})
	}
}

func TestDecodeBinary(t *testing.T) {
	for _, test := range []struct {
		name, msg string
		v3        Packet
	}{
		{"message", "\x04abc", bin(Message, "abc")},
		{"type alone", "\x02", bin(Ping, "")},
		{"a digit is not a type here", "4abc", bin(Unknown, "abc")},
		{"unknown type", "\x07abc", bin(Unknown, "abc")},
		{"empty", "", bin(Unknown, "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := DecodeBinary3([]byte(test.msg)); err != nil || !same(got, test.v3) {
				t.Errorf("revision 3: got %v, %v, want %v", got, err, test.v3)
			}
			want := bin(Message, test.msg)
			if got, err := DecodeBinary4([]byte(test.msg)); err != nil || !same(got, want) {
				t.Errorf("revision 4: got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// The results are those of Buffer.from(s, 'base64') in Node 20.
func TestDecodeBase64(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"padded", "QQ==", "A"},
		{"not padded", "QUI", "AB"},
		{"other alphabet", "-_-_", "\xfb\xff\xbf"},
		{"usual alphabet", "+/+/", "\xfb\xff\xbf"},
		{"garbage skipped", "Q U!\nJé\tD", "ABC"},
		{"too much padding", "QQ===", "A"},
		{"padding ends it", "QU=JD", "A"},
		{"padding first", "=QUJD", ""},
		{"one character fills no byte", "QUJDQ", "ABC"},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(decodeBase64([]byte(test.in))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

package notation

import (
	"reflect"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for text, want := range map[string]string{
		`plain {"a":1} $7 (x)`:                   `plain {"a":1} $7 (x)`,
		`a$(0d 0a)b`:                             "a\r\nb",
		`$(x*3)$($(ff)*2)$(a)b*2)`:               "",
		`$(x*3)$($(ff)*2)`:                       "xxx\xff\xff",
		`$(ping)`:                                "\x89\x80\x37\xfa\x21\x3d",
		`$(text 40/$(e6))`:                       "\x81\x84\x37\xfa\x21\x3d\x03\xca\x0e\xdb",
		`$(unmasked close 1000 bye)`:             "\x88\x05\x03\xe8bye",
		`$(unmasked frame 01 x)$(unmasked pong)`: "\x01\x01x\x8a\x00",
		`$(unmasked binary $(x*126))`:            "\x82\x7e\x00\x7e" + strings.Repeat("x", 126),
		`$(unmasked binary $(x*65536))`:          "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 65536),
		`$(0d`:                                   "",
		`$(nonsense)`:                            "",
		`$(close word)`:                          "",
	} {
		if got, err := Expand(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestRequest(t *testing.T) {
	sessions := Sessions{}
	sessions.Learn(`96:0{"sid":"aaaaaaaaaaaaaaaaaaaa"}___eio[0]("0{\"sid\":\"bbbbbbbbbbbbbbbbbbbb\"}")`)
	for text, want := range map[string]string{
		`GET @`: "GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n",
		`POST @4b -p 4ü -p 2`: "POST /socket.io/?EIO=4&transport=polling&sid=bbbbbbbbbbbbbbbbbbbb HTTP/1.1\r\n" +
			"Host: localhost\r\nContent-Length: 8\r\n\r\n2:4ü1:2",
		`POST @a -H Content-Length: 9 -d $(x*3){a}`: "POST /socket.io/?EIO=3&transport=polling&sid=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" +
			"Content-Length: 9\r\nHost: localhost\r\n\r\nxxxaaaaaaaaaaaaaaaaaaaa",
		`UPGRADE / -H Host: x`: "GET / HTTP/1.1\r\n" + strings.Join(websocketHeaders, "\r\n") + "\r\nHost: x\r\n\r\n",
		`GET / -X`:             "",
		`GET / -H A: $(zz)`:    "",
	} {
		r, err := ParseRequest(text)
		if (err == nil) != (want != "") {
			t.Errorf("%s: error %v", text, err)
		}
		if err == nil && r.Text("3", sessions) != want {
			t.Errorf("%s is\n%q, want\n%q", text, r.Text("3", sessions), want)
		}
	}
}

func TestReadFrame(t *testing.T) {
	for _, n := range []int{0, 125, 126, 65535, 65536} {
		payload := strings.Repeat("x", n)
		first, got, err := ReadFrame(strings.NewReader(unmaskedFrame(0x81, payload)))
		if first != 0x81 || got != payload || err != nil {
			t.Errorf("a frame of %d bytes was read as %#x and %d bytes, %v", n, first, len(got), err)
		}
	}
	for name, text := range map[string]string{"masked": Frame("text", "x"), "huge": "\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", "cut": "\x81\x02x"} {
		if _, _, err := ReadFrame(strings.NewReader(text)); err == nil {
			t.Errorf("a frame that is %s was accepted", name)
		}
	}
}

func TestRead(t *testing.T) {
	const text = `# a comment
chapter one
for 3
run alone
each: a | ... | c
each for 3, again: $name

title :: b
	b2

chapter two
other :: x
`
	want := map[string][]Exchange{
		"3": {{"one: title", "alone", []string{"a", "b", "b2", "c"}}, {"one: title, again", "alone", []string{"title"}}, {"two: other", "", []string{"x"}}},
		"4": {{"two: other", "", []string{"x"}}},
	}
	for version, want := range want {
		if got, err := Read(text, version); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("version %s: got %q, %v, want %q", version, got, err, want)
		}
	}
	if got, err := Read("chapter\nnonsense", "3"); err == nil {
		t.Errorf("nonsense was read as %q", got)
	}
}

package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"tsunagu/internal/packet"
)

func argsOf(attachments [][]byte, elements ...string) Args {
	a := Args{attachments: attachments}
	for _, e := range elements {
		a.elements = append(a.elements, json.RawMessage(e))
	}
	return a
}

func TestArgsAreWhatTheClientSent(t *testing.T) {
	heard := make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "x", func(c *Conn, args Args) []any {
			heard <- fmt.Sprintf("%d: %s null %v missing %v, then %s missing %v, %q", args.Len(), args.JSON(0),
				args.IsNull(0), args.Missing(0), args.JSON(1), args.Missing(1), args.Attachments())
			return nil
		})
	})
	c := dial(t, url, 3)
	for _, test := range []struct{ name, send, want string }{
		{"text", `42["x","a"]`, `1: "a" null false missing false, then  missing true, []`},
		{"null and text", `42["x", null , "b" ]`, `2: null null true missing false, then "b" missing false, []`},
		{"nothing", `42["x"]`, `0:  null false missing true, then  missing true, []`},
		{"a name in escapes", `42["\u0078",1]`, `1: 1 null false missing false, then  missing true, []`},
		{"a placeholder in a plain event", `42["x",{"_placeholder":true,"num":0}]`,
			`1: {"_placeholder":true,"num":0} null false missing false, then  missing true, []`},
	} {
		c.send(test.send)
		if got := await(t, heard, test.name); got != test.want {
			t.Errorf("%s: the handler got %s, want %s", test.name, got, test.want)
		}
	}
	c.send(`452-["x",{"_placeholder":true,"num":1}]`)
	c.sendBinary(4, 'h', 'i')
	c.sendBinary(4, 0xff)
	want := `1: {"_placeholder":true,"num":1} null false missing false, then  missing true, ["hi" "\xff"]`
	if got := await(t, heard, "binary"); got != want {
		t.Errorf("binary: the handler got %s, want %s", got, want)
	}
}

func TestDecode(t *testing.T) {
	a := argsOf([][]byte{[]byte("one"), []byte("two")}, `7`, `null`, `{"_placeholder":true,"num":1}`,
		`{"name":"x","data":{"_placeholder":true,"num":0},"list":[{"\u005fplaceholder":true,"num":1}]}`,
		`{"_placeholder":true,"num":2}`, `{"_placeholder":false,"num":0}`)
	var n int
	if err := a.Decode(0, &n); err != nil || n != 7 {
		t.Errorf("a number: %v, %v", n, err)
	}
	if err := a.Decode(1, &n); err != nil || n != 7 {
		t.Errorf("null does not leave the value alone: %v, %v", n, err)
	}
	if err := a.Decode(6, &n); !errors.Is(err, ErrMissing) {
		t.Errorf("a missing argument: %v, want ErrMissing", err)
	}
	var b []byte
	if err := a.Decode(2, &b); err != nil || string(b) != "two" {
		t.Errorf("binary: %q, %v", b, err)
	}
	var s struct {
		Name string
		Data []byte
		List [][]byte
	}
	if err := a.Decode(3, &s); err != nil || fmt.Sprint(s.Name, string(s.Data), string(s.List[0])) != "xonetwo" {
		t.Errorf("nested binary: %q, %v", s, err)
	}
	var v any
	if err := a.Decode(3, &v); err != nil || !reflect.DeepEqual(v, map[string]any{
		"name": "x", "data": []byte("one"), "list": []any{[]byte("two")}}) {
		t.Errorf("nested binary in any: %q, %v", v, err)
	}
	if err := a.Decode(4, &b); err == nil {
		t.Error("a placeholder without its attachment is no error")
	}
	var m map[string]any
	if err := a.Decode(5, &m); err != nil || m["_placeholder"] != false {
		t.Errorf("what is no placeholder: %v, %v", m, err)
	}
}

type marshals struct{ secret []byte }

func (m *marshals) MarshalJSON() ([]byte, error) { return json.Marshal(len(m.secret)) }

type bytesType []byte

func TestEncode(t *testing.T) {
	one, two := []byte("one"), bytesType("two")
	array := [2]any{1, one}
	shared := map[string]any{"b": two, "a": one}
	type inner struct {
		Data []byte `json:"data"`
		Nil  []byte `json:"nil,omitempty"`
		Not  []byte `json:"-"`
		own  []byte
	}
	const p0, p1 = `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	for _, test := range []struct {
		name   string
		values []any
		want   string
	}{
		{"nothing", nil, `2[]`},
		{"plain", []any{"x", 1, true, nil, []int{1}, map[string]int{"a": 1}}, `2["x",1,true,null,[1],{"a":1}]`},
		{"no HTML", []any{"<&>"}, `2["<&>"]`},
		{"nil in types", []any{[]byte(nil), (*int)(nil), []any(nil), map[string]any(nil)}, `2[null,null,null,null]`},
		{"binary", []any{one, two}, `52-[` + p0 + `,` + p1 + `] one two`},
		{"binary in any", []any{[]any{[]any{one}, "x"}}, `51-[[[` + p0 + `],"x"]] one`},
		{"a map, in the order of its keys", []any{shared}, `52-[{"a":` + p0 + `,"b":` + p1 + `}] one two`},
		{"typed", []any{[][]byte{one}, map[int]bytesType{7: two}}, `52-[[` + p0 + `],{"7":` + p1 + `}] one two`},
		{"an array and pointers", []any{&array, &one}, `52-[[1,` + p0 + `],` + p1 + `] one one`},
		{"a struct", []any{inner{Data: one, Not: two, own: two}}, `51-[{"data":` + p0 + `}] one`},
		{"empty binary", []any{[]byte{}}, `51-[` + p0 + `] `},
		{"what encodes itself", []any{&marshals{one}, json.RawMessage(`{"a": 1}`), time.Unix(0, 0).UTC(), []marshals{{one}}},
			`2[3,{"a":1},"1970-01-01T00:00:00Z",[3]]`},
		{"json.Number", []any{json.Number("1e3")}, `2[1e3]`},
	} {
		messages, err := encode(packet.SocketPacket{Type: packet.Event}, test.values)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := string(messages[0].Data)
		for _, m := range messages[1:] {
			if !m.Binary {
				t.Errorf("%s: an attachment is text", test.name)
			}
			got += " " + string(m.Data)
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	if fmt.Sprint(array[1], shared["a"]) != fmt.Sprint(one, one) {
		t.Error("encoding has changed the values")
	}
}

func TestEncodeFails(t *testing.T) {
	cycle := map[string]any{"data": []byte("x")}
	cycle["self"] = cycle
	for name, value := range map[string]any{"a channel": make(chan int), "NaN": math.NaN(), "a cycle": cycle} {
		if _, err := encode(packet.SocketPacket{Type: packet.Event}, []any{value}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What a client has sent goes back as it was.
func FuzzValues(f *testing.F) {
	for _, text := range []string{`["a",1e400,null]`, `[{"_placeholder":true,"num":0},[{"x":{"_placeholder":true,"num":1}}]]`,
		`[{"_placeholder":true,"num":1.5}]`, `["\ud800","_placeholder"]`, `[` + strings.Repeat("[", 2000) + strings.Repeat("]", 2001)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sent, err := packet.DecodeSocket4([]byte("2" + text))
		if err != nil {
			return
		}
		a := Args{elements: sent.Elements, attachments: [][]byte{[]byte("one"), []byte("two")}}
		values, err := a.Values()
		if err != nil {
			return
		}
		messages, err := encode(packet.SocketPacket{Type: packet.Event}, values)
		if err != nil {
			t.Fatalf("%.80q cannot be encoded: %v", text, err)
		}
		pk, err := packet.DecodeSocket4(messages[0].Data)
		if err != nil || len(pk.Elements) != len(a.elements) || pk.Attachments != len(messages)-1 {
			t.Fatalf("%.80q became %.80q: %v", text, messages[0].Data, err)
		}
	})
}

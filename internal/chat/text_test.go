package chat

import (
	"encoding/json"
	"strings"
	"testing"
)

type textTest struct{ name, raw, want string }

// lethal stands for ErrLethal in tables.
const lethal = "\x00lethal"

func runTextTests(t *testing.T, attachments [][]byte, tests []textTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Text(json.RawMessage(test.raw), attachments)
			if err == ErrLethal && got == nil {
				got = []byte(lethal)
			} else if err != nil {
				t.Fatalf("unexpected error %v", err)
			}
			if string(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// plain are the arguments whose text does not depend on attachments.
var plain = []textTest{
	{"string", `"x"`, "x"},
	{"empty string", `""`, ""},
	{"Japanese and emoji", `"日本\ud83d\ude00"`, "日本😀"},
	{"escapes", `"a\n\"\u0000"`, "a\n\"\x00"},
	{"half a pair", `"a\ud83db"`, "a\uFFFDb"},
	{"integer", `123`, "123"},
	{"exponent", `1e21`, "1e+21"},
	{"minus zero", `-0`, "0"},
	{"true", `true`, "true"},
	{"false", `false`, "false"},
	{"null", `null`, "null"},
	{"missing argument", ``, lethal},
	{"no JSON", `{`, lethal},

	{"object", `{"a":1}`, "[object Object]"},
	{"empty object", `{}`, "[object Object]"},
	{"toString shadowed", `{"toString":1}`, lethal},
	{"toString shadowed by null", `{"toString":null}`, lethal},
	{"toString written with an escape", `{"to\u0053tring":1}`, lethal},
	{"toString one level down", `{"a":{"toString":1}}`, "[object Object]"},
	{"other letters", `{"tostring":1}`, "[object Object]"},
	{"constructor null", `{"constructor":null}`, lethal},
	{"constructor of any other value", `{"constructor":false}`, "[object Object]"},
	{"constructor without a name", `{"constructor":{}}`, "[object Object]"},
	{"constructor whose name has a text", `{"constructor":{"name":[{}]}}`, "[object Object]"},
	{"constructor whose name has no text", `{"constructor":{"name":[{"toString":1}]}}`, lethal},
	{"the last constructor wins", `{"constructor":null,"constructor":1}`, "[object Object]"},
	{"the last constructor wins, and is lethal", `{"constructor":1,"constructor":null}`, lethal},
	{"__proto__ does not change the prototype", `{"__proto__":{"toString":1}}`, "[object Object]"},

	{"no element", `[]`, lethal},
	{"one element", `["one"]`, "one"},
	{"two elements", `["one","two"]`, lethal},
	{"null as element", `[null]`, "null"},
	{"number as element", `[1e400]`, "Infinity"},
	{"object as element", `[{}]`, "[object Object]"},
	{"lethal object as element", `[{"constructor":null}]`, lethal},
	{"array as element", `[[1,"b",true]]`, "1,b,true"},
	{"empty array as element", `[[]]`, ""},
	{"null is empty in a list", `[[null,1,null]]`, ",1,"},
	{"lists in a list", `[["a",["b",[]],[[["c"]]]]]`, "a,b,,c"},
	{"object in a list", `[[{"constructor":null}]]`, "[object Object]"},
	{"toString shadowed in a list", `[[1,{"toString":1}]]`, lethal},
}

func TestTextWithoutAttachments(t *testing.T) {
	runTextTests(t, nil, append([]textTest{
		{"placeholder is an object", `{"_placeholder":true,"num":0}`, "[object Object]"},
	}, plain...))
}

func TestTextWithAttachments(t *testing.T) {
	attachments := [][]byte{[]byte("abc"), []byte("\xff日")}
	runTextTests(t, attachments, append([]textTest{
		{"bytes", `{"_placeholder":true,"num":0}`, "abc"},
		{"bytes that are not UTF-8", `{"_placeholder":true,"num":1}`, "\xff日"},
		{"in an array", `[{"_placeholder":true,"num":0}]`, "abc"},
		{"in a list", `[[{"_placeholder":true,"num":0},1]]`, "abc,1"},
		{"in an object", `{"a":{"_placeholder":true,"num":9}}`, "[object Object]"},
		{"as constructor", `{"constructor":{"_placeholder":true,"num":0}}`, "[object Object]"},
		{"as constructor, out of range", `{"constructor":{"_placeholder":true,"num":9}}`, lethal},
		{"bytes shadow toString too", `{"toString":{"_placeholder":true,"num":0}}`, lethal},
		{"out of range", `{"_placeholder":true,"num":2}`, lethal},
		{"negative", `{"_placeholder":true,"num":-1}`, lethal},
		{"no index", `{"_placeholder":true,"num":"push"}`, lethal},
		{"num missing", `{"_placeholder":true}`, lethal},
		{"out of range in an array", `[{"_placeholder":true,"num":2}]`, "undefined"},
		{"out of range in a list", `[[{"_placeholder":true,"num":2},1]]`, ",1"},
		{"truthy", `{"_placeholder":"0","num":0}`, "abc"},
		{"truthy though empty", `{"_placeholder":[],"num":0}`, "abc"},
		{"falsy", `{"_placeholder":"","num":0}`, "[object Object]"},
		{"falsy number", `{"_placeholder":-0.0,"num":0}`, "[object Object]"},
		{"num is a string", `{"_placeholder":true,"num":"0"}`, "abc"},
		{"num is a list", `{"_placeholder":true,"num":[[0]]}`, "abc"},
		{"num is minus zero", `{"_placeholder":true,"num":-0}`, "abc"},
		{"num is an index with zeros", `{"_placeholder":true,"num":"00"}`, lethal},
		{"num is a fraction", `{"_placeholder":true,"num":0.5}`, lethal},
		{"num has no text", `{"_placeholder":true,"num":{"toString":1}}`, lethal},
		{"the last num wins", `{"num":1,"_placeholder":true,"num":0}`, "abc"},
	}, plain...))
}

func TestTextLimits(t *testing.T) {
	deep := strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)
	if _, err := Text(json.RawMessage(deep), nil); err != ErrLethal {
		t.Errorf("2^20 nested arrays: got error %v, want %v", err, ErrLethal)
	}
	// The parser accepts 9,000 levels, which must not overflow the stack.
	nested := strings.Repeat("[", 9000) + `"x"` + strings.Repeat("]", 9000)
	if got, err := Text(json.RawMessage(nested), nil); string(got) != "x" || err != nil {
		t.Errorf("9,000 nested arrays: got %q, error %v; want x", got, err)
	}
	// An error must not end the reading of a value: each outer level would read it again.
	for _, level := range []string{`{"toString":1,"num":`, `{"constructor":`, `{"toString":1,"name":`, `{"num":1,"num":`, `[[],`} {
		const depth = 4000
		raw := "[" + strings.Repeat(level, depth) + "null" + strings.Repeat(map[bool]string{true: "]", false: "}"}[level[0] == '['], depth) + "]"
		p := printer{raw: []byte(raw), attachments: [][]byte{{1}}, limit: MaxText}
		if p.publish(); p.at < len(raw)-1 && p.raw[p.at] != ',' {
			t.Errorf("%s: the reading ends at %d of %d", level, p.at, len(raw))
		}
	}
	placeholder := `{"_placeholder":true,"num":0}`
	many := "[[" + strings.Repeat(placeholder+",", 999) + placeholder + "]]"
	if _, err := Text(json.RawMessage(many), [][]byte{make([]byte, 10_000)}); err != ErrTooLong {
		t.Errorf("10 kB attachment 1,000 times: got error %v, want %v", err, ErrTooLong)
	}
	if _, err := Text(json.RawMessage("[["+strings.Repeat("{},", 100_000)+"{}]]"), nil); err != ErrTooLong {
		t.Errorf("100,001 objects: got error %v, want %v", err, ErrTooLong)
	}
	if _, err := Text(json.RawMessage(`"`+strings.Repeat("x", MaxText+1)+`"`), nil); err != ErrTooLong {
		t.Errorf("a string longer than MaxText: got error %v, want %v", err, ErrTooLong)
	}
	twice := json.RawMessage("[[" + placeholder + "," + placeholder + "]]")
	if got, err := Text(twice, [][]byte{make([]byte, 100)}); len(got) != 201 || err != nil {
		t.Errorf("100 bytes twice: got %d bytes, error %v; want 201", len(got), err)
	}
	if _, err := Text(twice, [][]byte{make([]byte, 1000)}); err != ErrTooLong {
		t.Errorf("1,000 bytes twice: got error %v, want %v", err, ErrTooLong)
	}
	objects := "[[" + strings.Repeat("{},", 10_000) + "{}]]"
	if got, err := Text(json.RawMessage(objects), nil); len(got) != 160_015 || err != nil {
		t.Errorf("10,001 objects: got %d bytes, error %v; want 160,015", len(got), err)
	}
}

func FuzzText(f *testing.F) {
	for _, test := range plain {
		f.Add(test.raw, []byte("abc"))
	}
	f.Add(`[[{"_placeholder":true,"num":0},{"_placeholder":1,"num":["0"]}]]`, []byte("\xff"))
	f.Fuzz(func(t *testing.T, raw string, attachment []byte) {
		got, err := Text(json.RawMessage(raw), [][]byte{attachment})
		if limit := min(MaxText, maxGrowth*len(raw)+len(attachment)); len(got) > limit {
			t.Errorf("%d bytes of text, limit %d", len(got), limit)
		}
		if err != nil && (err != ErrLethal && err != ErrTooLong || got != nil) {
			t.Errorf("got %q with error %v", got, err)
		}
		// The text of a string is its content.
		quoted, _ := json.Marshal(raw)
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := Text(quoted, nil); string(got) != want || err != nil {
			t.Errorf("string %q: got %q, %v", want, got, err)
		}
	})
}

func BenchmarkText(b *testing.B) {
	b.ReportAllocs()
	raw := json.RawMessage(`"hello, world こんにちは"`)
	for b.Loop() {
		if _, err := Text(raw, nil); err != nil {
			b.Fatal(err)
		}
	}
}

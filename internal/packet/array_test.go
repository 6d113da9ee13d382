package packet

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSplitArray(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string // nil: no array
	}{
		{`[]`, []string{}},
		{`[ ]`, []string{}},
		{`["a"]`, []string{`"a"`}},
		{` ["a"]`, nil},
		{"[ \"a\" ,\t1 ,\r\n{\"b\":[2]} ] ", []string{`"a"`, `1`, `{"b":[2]}`}},
		{`[null,true,false,-0.5e+10,"\u00fF\\\""]`, []string{`null`, `true`, `false`, `-0.5e+10`, `"\u00fF\\\""`}},
		{`{"a":1}`, nil},
		{`[1,]`, nil},
		{`[1`, nil},
		{`[1]]`, nil},
		{`[01]`, nil},
		{`[1.]`, nil},
		{`[nul]`, nil},
		{`["\u12"]`, nil},
		{`["\x"]`, nil},
		{"[\"\n\"]", nil},
		{"[" + strings.Repeat("0,", maxElements-1) + "0]", repeat("0", maxElements)},
		{"[" + strings.Repeat("0,", maxElements) + "0]", nil},
	} {
		elements, ok := splitArray([]byte(test.text))
		if ok != (test.want != nil) {
			t.Errorf("%.60s: ok is %v", test.text, ok)
			continue
		}
		if !ok {
			continue
		}
		got := []string{}
		for _, e := range elements {
			got = append(got, string(e))
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%.60s: the elements are %.60q, want %.60q", test.text, got, test.want)
		}
	}
}

func repeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// depthOf is how deep arrays and objects nest in valid JSON.
func depthOf(text []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == '[' || c == '{'):
			depth++
			deepest = max(deepest, depth)
		case !quoted && (c == ']' || c == '}'):
			depth--
		}
	}
	return deepest
}

// validValue and splitArray accept the same texts as encoding/json, within the limits.
func FuzzValidValue(f *testing.F) {
	for _, depth := range []int{maxDepth, maxDepth + 1} {
		f.Add([]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth)))
		f.Add([]byte(strings.Repeat(`{"":`, depth-1) + "{}" + strings.Repeat("}", depth-1)))
		f.Add([]byte(strings.Repeat(`[`, depth) + "1" + strings.Repeat("]", depth)))
	}
	for _, text := range []string{"", " ", "1 ", "-", "-1e", "1e5", "0x", "\"\xff\"", `"\ud800"`, `{"a":1,"b":}`, `{"a" 1}`,
		`[1 2]`, `{,}`, `tru`, `"`, `"\`, `"\u123`, `[{"a":[1,{"b":null}]}]`, "\"\x7f\"", "\v1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		shallow := json.Valid(text) && depthOf(text) <= maxDepth
		if got, want := validValue(text), shallow; got != want {
			t.Errorf("%.80q: valid is %v, encoding/json says %v", text, got, want)
		}
		var elements []json.RawMessage
		isArray := shallow && text[0] == '[' && json.Unmarshal(text, &elements) == nil
		got, ok := splitArray(text)
		if len(elements) <= maxElements && ok != isArray {
			t.Fatalf("%.80q: is an array: %v, encoding/json says %v", text, ok, isArray)
		}
		if ok && len(got) > 0 && !reflect.DeepEqual(got, elements) {
			t.Errorf("%.80q: the elements are %.80q, encoding/json says %.80q", text, got, elements)
		}
	})
}

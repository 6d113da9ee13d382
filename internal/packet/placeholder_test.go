package packet

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestValidPlaceholders(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{`["a"]`, true},
		{`["a",{"_placeholder":true,"num":0}]`, true},
		{`["a",{"num":1,"_placeholder":true}]`, true},
		{`["a",{"_placeholder":true,"num":2}]`, false},
		{`["a",{"_placeholder":true,"num":-1}]`, false},
		{`["a",{"_placeholder":true,"num":-0}]`, true},
		{`["a",{"_placeholder":true,"num":1e400}]`, false},
		{`["a",{"_placeholder":true,"num":0.5}]`, true},
		{`["a",{"_placeholder":true,"num":"0"}]`, false},
		{`["a",{"_placeholder":true,"num":null}]`, false},
		{`["a",{"_placeholder":true}]`, false},
		{`["a",{"_placeholder":1,"num":2}]`, true},
		{`["a",{"_placeholder":"true","num":2}]`, true},
		{`["a",{"_placeholder":true,"num":2,"_placeholder":false}]`, true},
		{`["a",{"_placeholder":true,"num":2,"num":1}]`, true},
		{` [ "a" , { "_placeholder" : true , "num" : 2 } ] `, false},
		{`["a",[[{"b":[{"_placeholder":true,"num":2}]}]],1]`, false},
		{`["a",{"x":{"_placeholder":true,"num":2},"_placeholder":true,"num":0}]`, true},
		{`["a",{"num":{"_placeholder":true,"num":2}}]`, false},
		{`["a",{"\u005fplaceholder":true,"n\u0075m":2}]`, false},
		{`["a",{"\u005Fplaceholder":true,"num":2}]`, false},
		{`["a",{"_placeholder\u0000":true,"num":2}]`, true},
		{`["a",{"_placeholde":true,"num":2}]`, true},
		{`["a",{"":true,"\\u005fplaceholder":true,"num":2}]`, true},
		{`["{\"_placeholder\":true,\"num\":2}"]`, true},
	} {
		if got := validPlaceholders([]byte(test.text), 2); got != test.want {
			t.Errorf("%s with 2 attachments: valid is %v, want %v", test.text, got, test.want)
		}
	}
}

// A packet is checked without memory for its values. Only a name with escapes is decoded.
func TestDecodingAllocatesLittle(t *testing.T) {
	fill := func(head, unit, tail string) []byte {
		return []byte(head + strings.Repeat(unit, (1_000_000-len(head)-len(tail))/len(unit)) + tail)
	}
	for _, text := range [][]byte{
		fill(`51-["a",[{"_placeholder":true,"num":0}`, ",0", "]]"),
		fill(`51-["a",[{"_placeholder":true,"num":0}`, ",{}", "]]"),
		fill(`51-["a",[{"_placeholder":true,"num":0}`, `,{"_placeholder":true,"num":0}`, "]]"),
		fill(`51-["a",[{"_placeholder":true,"num":0}`, `,{"\u005fplaceholder":false}`, "]]"),
		fill(`51-["a",[{"_placeholder":true,"num":0}`, `,[[[[]]]]`, "]]"),
		fill(`2["a"`, ",0", "]"),
		fill(`2["a","`, `\u0000`, `"]`),
		fill(`2["`, `\u0000`, `"]`),
		fill(`2/`, `,`, `["a"]`),
		fill(`0{"a":[0`, ",0", "]}"),
	} {
		for _, decode := range []func([]byte) (SocketPacket, error){DecodeSocket4, DecodeSocket5} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			decode(text)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 3*uint64(len(text))/2 {
				t.Errorf("%.40s...: decoding %d bytes allocates %d bytes, want at most 1.5 times as many", text, len(text), got)
			}
		}
	}
}

// The scan agrees with what a decoder of JSON finds.
func FuzzValidPlaceholders(f *testing.F) {
	for _, text := range []string{`[{"_placeholder":true,"num":1}]`, `[[{"\u005fplaceholder":true,"num":1.5}],{"a":{"num":[]}}]`,
		`[{"num":{"_placeholder":true},"_placeholder":true}]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if !validValue(text) || json.Unmarshal(text, &v) != nil || hasTwice(text) {
			return
		}
		if got, want := validPlaceholders(text, 2), decodedPlaceholders(v, 2); got != want {
			t.Errorf("%.80q: valid is %v, want %v", text, got, want)
		}
	})
}

// hasTwice reports whether an object of valid JSON has two members of one name.
func hasTwice(text []byte) bool {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return true // numbers out of range, which a float64 cannot hold
	}
	names := 0
	count(reflect.ValueOf(v), &names)
	return names != countColons(text)
}

func count(v reflect.Value, names *int) {
	switch v.Kind() {
	case reflect.Interface:
		count(v.Elem(), names)
	case reflect.Slice:
		for i := range v.Len() {
			count(v.Index(i), names)
		}
	case reflect.Map:
		*names += v.Len()
		for _, e := range v.Seq2() {
			count(e, names)
		}
	}
}

func countColons(text []byte) (n int) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			end, _ := skipString(text, i+1)
			i = end - 1
		case ':':
			n++
		}
	}
	return n
}

func decodedPlaceholders(v any, n int) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if !decodedPlaceholders(e, n) {
				return false
			}
		}
	case map[string]any:
		if v["_placeholder"] == true {
			num, ok := v["num"].(float64)
			return ok && num >= 0 && num < float64(n)
		}
		for _, e := range v {
			if !decodedPlaceholders(e, n) {
				return false
			}
		}
	}
	return true
}

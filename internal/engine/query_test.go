package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseForm(t *testing.T) {
	for raw, want := range map[string]string{
		"":                   "",
		"d=a":                "a",
		"d=a+b%20c":          "a b c",
		"d=a;b":              "a;b",
		"d=%E6%97%A5%e6":     "日\xe6",
		"d=100%":             "100%",
		"d=%4":               "%4",
		"d=%zz%+1":           "%zz% 1",
		"%64=a":              "a",
		"e=x&&d=a=b":         "a=b",
		"d":                  "",
		"d=a&d=b":            "a,b",
		"x&y&d=%26&D=other":  "&",
		"d=first&%64=second": "first,second",
	} {
		if got := strings.Join(parseForm(raw)["d"], ","); got != want {
			t.Errorf("the form %q: got %q, want %q", raw, got, want)
		}
	}
}

// The number of parameters is limited because each needs much memory.
func TestManyParameters(t *testing.T) {
	var raw strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&raw, "p%d&", i)
	}
	if n := len(parseForm(raw.String())); n != maxPairs {
		t.Errorf("%d parameters are read, want %d", n, maxPairs)
	}
	if len(parseForm(raw.String() + "d=a")["d"]) > 0 {
		t.Error("a parameter behind the limit is read")
	}
}

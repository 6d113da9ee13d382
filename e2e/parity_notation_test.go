//go:build e2e

package e2e

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	hexBytes   = regexp.MustCompile(`^[0-9a-f]{2}( [0-9a-f]{2})*$`)
	repetition = regexp.MustCompile(`(?s)^(.*)\*(\d+)$`)
	frameWords = regexp.MustCompile(`(?s)^(unmasked )?(text|binary|close|ping|pong|frame [0-9a-f]{2})(?: (.*))?$`)
)

// expand replaces each $(...) of the notation by the bytes that it stands for: $(0d 0a) bytes, $(x*400) a repetition,
// $(ping hello) a websocket frame. They nest.
func expand(s string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$(")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		end := closing(rest)
		if end < 0 {
			return "", fmt.Errorf("no end of $(%s", rest)
		}
		value, err := substitute(rest[:end])
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		s = rest[end+1:]
	}
}

// closing finds the parenthesis that ends a $( before s.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch {
		case strings.HasPrefix(s[i:], "$("):
			depth++
		case s[i] == ')' && depth == 0:
			return i
		case s[i] == ')':
			depth--
		}
	}
	return -1
}

func substitute(s string) (string, error) {
	if hexBytes.MatchString(s) {
		bytes, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		return string(bytes), err
	}
	if m := repetition.FindStringSubmatch(s); m != nil {
		unit, err := expand(m[1])
		n, _ := strconv.Atoi(m[2])
		return strings.Repeat(unit, n), err
	}
	m := frameWords.FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("$(%s) means nothing", s)
	}
	payload, err := expand(m[3])
	if err != nil {
		return "", err
	}
	first, named := firstBytes[m[2]]
	if !named {
		n, _ := strconv.ParseUint(strings.TrimPrefix(m[2], "frame "), 16, 8)
		first = byte(n)
	}
	if m[2] == "close" && payload != "" {
		code, reason, _ := strings.Cut(payload, " ")
		n, err := strconv.ParseUint(code, 10, 16)
		if err != nil {
			return "", fmt.Errorf("$(%s): %w", s, err)
		}
		payload = string([]byte{byte(n >> 8), byte(n)}) + reason
	}
	if m[1] != "" {
		return unmaskedFrame(first, payload), nil
	}
	return maskedFrame(first, payload), nil
}

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
		if got, err := expand(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q (%v), want %q", text, got, err, want)
		}
	}
}

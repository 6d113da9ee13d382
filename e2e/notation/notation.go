// Package notation reads the notation of exchanges: what clients do over raw connections, written in
// text files. e2e/testdata/exchanges/README.md describes it. Two tests play exchanges, each with steps of
// its own: TestParity of e2e with the original server beside ours, and the tests of internal/node with
// strangers that mean harm.
package notation

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxExpansion is the most bytes that Expand returns: fuzzing makes up numbers of repetitions.
const maxExpansion = 4 << 20

var (
	hexBytes   = regexp.MustCompile(`^[0-9a-f]{2}( [0-9a-f]{2})*$`)
	repetition = regexp.MustCompile(`(?s)^(.*)\*(\d+)$`)
	frameWords = regexp.MustCompile(`(?s)^(unmasked )?(text|binary|close|ping|pong|frame [0-9a-f]{2})(?: (.*))?$`)
)

// Expand replaces each $(...) of the notation by the bytes that it stands for: $(0d 0a) bytes, $(x*400) a
// repetition, $(ping hello) a websocket frame. They nest. It returns an error for any other $(...), and for
// a result of more than 4 MiB.
func Expand(s string) (string, error) {
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
		if out.Len()+len(value) > maxExpansion {
			return "", fmt.Errorf("$(%.20s) is too long", rest[:end])
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
		return repeat(m[1], m[2])
	}
	m := frameWords.FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("$(%s) means nothing", s)
	}
	payload, err := Expand(m[3])
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

func repeat(text, times string) (string, error) {
	unit, err := Expand(text)
	n, _ := strconv.Atoi(times)
	if unit != "" && n > maxExpansion/len(unit) {
		return "", fmt.Errorf("$(%.20s*%s) is too long", text, times)
	}
	return strings.Repeat(unit, n), err
}

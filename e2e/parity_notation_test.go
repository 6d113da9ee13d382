//go:build e2e

package e2e

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
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

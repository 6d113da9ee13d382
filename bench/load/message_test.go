package load

import (
	"math"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	for _, sent := range []int64{0, 1, 1234567890123456789, math.MaxInt64} {
		for _, end := range []string{"", "\n"} {
			b := append(appendMessage(nil, 0xdeadbeef, 17, sent), end...)
			run, seq, at, ok := parseMessage(b)
			if len(b) != messageLen+len(end) || !ok || run != 0xdeadbeef || seq != 17 || at != sent {
				t.Errorf("%q: %x, %d, %d, %v", b, run, seq, at, ok)
			}
		}
	}
}

func TestChangedMessagesAreRefused(t *testing.T) {
	good := string(appendMessage(nil, 1, 2, 3))
	for _, bad := range []string{
		"", "42", good[1:], good + " ", good + "\n\n", strings.Replace(good, "chat", "Chat", 1), strings.Replace(good, "0", "G", 1),
		strings.Replace(good, "seven", "eight", 1),
	} {
		if _, _, _, ok := parseMessage([]byte(bad)); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

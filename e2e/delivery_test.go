//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A receiver shows the lines that reached it: a client, a browser window.
type receiver interface {
	fmt.Stringer
	received(t *testing.T) []string
}

// A sequence is what one sender sent, in order. No two lines of a test are equal.
type sequence []string

// allReceive waits until each receiver has every line, and then wants each line once, no other, and each sequence in
// order.
func allReceive[R receiver](t *testing.T, receivers []R, sequences ...sequence) {
	t.Helper()
	awaitLines(t, receivers, sequences...)
	sent := slices.Concat(sequences...)
	for _, r := range receivers {
		lines := r.received(t)
		for _, line := range lines {
			if !slices.Contains(sent, line) {
				t.Errorf("%v received a line that nobody sent: %q", r, line)
			}
		}
		checkOrder(t, r, sequences...)
	}
}

// awaitLines waits until each receiver has every line.
func awaitLines[R receiver](t *testing.T, receivers []R, sequences ...sequence) {
	t.Helper()
	sent := slices.Concat(sequences...)
	eventually(t, waitLimit, func() string {
		var complaints []string
		for _, r := range receivers {
			received := r.received(t)
			missing := slices.DeleteFunc(slices.Clone(sent), func(line string) bool { return slices.Contains(received, line) })
			if len(missing) > 0 {
				complaints = append(complaints, fmt.Sprintf("%v lacks %d of %d lines: %q", r, len(missing), len(sent), missing))
			}
		}
		return strings.Join(complaints, "\n")
	})
}

// checkOrder wants no line twice, and those of a sequence that arrived in order.
func checkOrder(t *testing.T, r receiver, sequences ...sequence) {
	t.Helper()
	lines := r.received(t)
	for i, line := range lines {
		if slices.Contains(lines[:i], line) {
			t.Errorf("%v received twice: %q", r, line)
		}
	}
	for _, s := range sequences {
		last := -1
		for _, line := range lines {
			if i := slices.Index(s, line); i >= 0 {
				if i < last {
					t.Errorf("%v received %q before %q", r, s[last], line)
				}
				last = i
			}
		}
	}
}

// chatInTurn lets all clients send at once: each sends its next line in turn.
func chatInTurn(t *testing.T, senders []*client, lines func(*client) []string) []sequence {
	t.Helper()
	sequences := make([]sequence, len(senders))
	for i, c := range senders {
		sequences[i] = lines(c)
	}
	for n := range sequences[0] {
		for i, c := range senders {
			c.chat(t, sequences[i][n])
		}
	}
	return sequences
}

// chatNumbered is chatInTurn with n lines of each client.
func chatNumbered(t *testing.T, senders []*client, what string, n int) []sequence {
	t.Helper()
	return chatInTurn(t, senders, func(c *client) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf("%s %d, %s", what, i, c))
		}
		return lines
	})
}

// beyondASCII are lines that break a server that counts bytes where the protocol counts UTF-16 units, or splits
// surrogate pairs.
var beyondASCII = []string{
	"日本語のチャットです",
	"絵文字 🍣🎉👍🏽",
	"家族 👨‍👩‍👧‍👦 と 𠮷野家",
	"ñandú Ελλάδα עברית ไทย",
	"改行\nと\tタブ、\"引用符\" と \\ と \u2028",
}

// chatBeyondASCII is chatInTurn with those lines.
func chatBeyondASCII(t *testing.T, senders []*client) []sequence {
	t.Helper()
	return chatInTurn(t, senders, func(c *client) (lines []string) {
		for _, line := range beyondASCII {
			lines = append(lines, fmt.Sprintf("%s, %s", line, c))
		}
		return lines
	})
}

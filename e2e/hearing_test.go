//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A listener is anybody who hears lines: a client, a browser window.
type listener interface {
	fmt.Stringer
	heard(t *testing.T) []string
}

// A speech is what one speaker said, in order. No two lines of a test are equal.
type speech []string

// everyoneHears waits until each listener has every line, and then judges: each line once, nothing else,
// each speaker's lines in order.
func everyoneHears[L listener](t *testing.T, listeners []L, speeches ...speech) {
	t.Helper()
	total := 0
	for _, s := range speeches {
		total += len(s)
	}
	eventually(t, patience, func() string {
		var complaints []string
		for _, l := range listeners {
			if missed := missing(l.heard(t), speeches); len(missed) > 0 {
				complaints = append(complaints, fmt.Sprintf("%v missed %d of %d lines: %q", l, len(missed), total, missed))
			}
		}
		return strings.Join(complaints, "\n")
	})
	for _, l := range listeners {
		judge(t, l, speeches)
	}
}

func missing(heard []string, speeches []speech) []string {
	var missed []string
	for _, s := range speeches {
		for _, line := range s {
			if !slices.Contains(heard, line) {
				missed = append(missed, line)
			}
		}
	}
	return missed
}

func judge(t *testing.T, l listener, speeches []speech) {
	t.Helper()
	heard := l.heard(t)
	for i, line := range heard {
		if slices.Contains(heard[:i], line) {
			t.Errorf("%v heard twice: %q", l, line)
		}
		if !slices.ContainsFunc(speeches, func(s speech) bool { return slices.Contains(s, line) }) {
			t.Errorf("%v heard what nobody said: %q", l, line)
		}
	}
	for _, s := range speeches {
		inOrder(t, l, s)
	}
}

// inOrder judges the lines of a speech that were heard at all.
func inOrder(t *testing.T, l listener, s speech) {
	t.Helper()
	last := -1
	for _, line := range l.heard(t) {
		if i := slices.Index(s, line); i >= 0 {
			if i < last {
				t.Errorf("%v heard %q before %q", l, s[last], line)
			}
			last = i
		}
	}
}

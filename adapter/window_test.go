package adapter

import (
	"slices"
	"testing"
	"time"
)

// windowOf holds lines "1" to "n", of which Redis has acknowledged some.
func windowOf(n int, acknowledged uint64) *window {
	w := newWindow("A")
	for _, l := range numbered(1, n) {
		w.push([]byte(l))
	}
	w.acknowledge(acknowledged, 0)
	return &w
}

func texts(b batch) (all []string) {
	for _, l := range b.lines {
		all = append(all, string(l))
	}
	return all
}

func TestWindowBatch(t *testing.T) {
	w := windowOf(5, 2)
	for _, c := range []struct {
		lines, bytes int
		want         []string
	}{
		{10, 100, []string{"3", "4", "5"}},
		{2, 100, []string{"3", "4"}},
		{10, 2, []string{"3", "4"}},
		{10, 0, []string{"3"}}, // a line longer than a batch goes alone
	} {
		if b := w.batch(c.lines, c.bytes); !slices.Equal(texts(b), c.want) || b.first != 3 || b.quiet != 2 || b.base {
			t.Errorf("%d lines, %d bytes: %+v, want %q", c.lines, c.bytes, b, c.want)
		}
	}
}

// The answer of Redis is the truth about that Redis.
func TestWindowAcknowledge(t *testing.T) {
	const age = time.Minute
	for _, c := range []struct {
		name        string
		forgotten   int // lines that the window no longer holds
		mark        uint64
		again, gone int
		next        []string
		base        bool
	}{
		{name: "as expected", mark: 3, next: []string{"4", "5"}},
		{name: "a lost answer", mark: 5, next: nil},
		{name: "redis lost a line", mark: 2, again: 1, next: []string{"3", "4", "5"}},
		{name: "redis is empty", mark: 0, again: 3, next: numbered(1, 5)},
		{name: "redis lost what is no longer held", forgotten: 2, mark: 0, again: 1, gone: 2, next: []string{"3", "4", "5"}, base: true},
		{name: "redis lost what is just still held", forgotten: 2, mark: 2, again: 1, next: []string{"3", "4", "5"}},
		{name: "redis lost everything of old", forgotten: 3, mark: 1, gone: 2, next: []string{"4", "5"}, base: true},
	} {
		w := windowOf(5, 3)
		for i := range w.lines[:3] {
			if i >= c.forgotten {
				w.lines[i].at = age
			}
		}
		w.trim(age, age, 1<<20)
		again, gone, err := w.acknowledge(c.mark, age)
		if again != c.again || gone != c.gone || err != nil {
			t.Errorf("%s: %d again, %d gone, %v; want %d and %d", c.name, again, gone, err, c.again, c.gone)
		}
		if b := w.batch(10, 100); !slices.Equal(texts(b), c.next) || b.base != c.base {
			t.Errorf("%s: next %+v, want %q", c.name, b, c.next)
		}
		pending, kept := 0, 0
		for i, l := range w.lines {
			if w.low+uint64(i) > w.acked {
				pending += cost(l.text)
			} else {
				kept += cost(l.text)
			}
		}
		if w.pending != pending || w.kept != kept {
			t.Errorf("%s: counts %d and %d bytes, holds %d and %d", c.name, w.pending, w.kept, pending, kept)
		}
	}
	w := windowOf(5, 3)
	if _, _, err := w.acknowledge(6, 0); err == nil || w.acked != 3 {
		t.Errorf("a watermark above all lines: %v, acknowledged %d", err, w.acked)
	}
}

// Lines are forgotten by age and by bytes, but not while Redis misses any.
func TestWindowTrim(t *testing.T) {
	w := windowOf(10, 5)
	w.acknowledge(8, time.Second)
	w.trim(time.Minute, time.Minute, 1<<20)
	if w.low != 6 {
		t.Errorf("the oldest line after a minute is %d, want 6", w.low)
	}
	w.acknowledge(4, time.Hour)
	w.trim(time.Hour, time.Minute, 0)
	if w.low != 6 || w.waiting() != 5 {
		t.Errorf("with a Redis that lost lines the oldest is %d and %d wait, want 6 and 5", w.low, w.waiting())
	}
	w.acknowledge(8, time.Hour)
	w.trim(time.Hour, time.Minute, cost([]byte("8")))
	if w.low != 8 {
		t.Errorf("with room for one line the oldest is %d, want 8", w.low)
	}
}

func TestWindowRenew(t *testing.T) {
	w := windowOf(5, 3)
	w.renew("B")
	b := w.batch(10, 100)
	if b.run != "B" || b.first != 1 || b.quiet != 0 || !slices.Equal(texts(b), []string{"4", "5"}) || w.kept != 0 {
		t.Errorf("%+v with %d bytes kept, want 4 and 5 as B's first lines", b, w.kept)
	}
}

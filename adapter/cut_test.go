package adapter

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A line that looks like protocol, cut at every byte of what Redis says: it is
// delivered once and whole, and nothing that stands in it ever is.
func TestCutAtEveryByte(t *testing.T) {
	m := mini(t)
	p := newProxy(t, m.Addr())
	n := start(t, at(p.addr), quick()).waitReady(t)
	other := start(t, at(m.Addr()), quick()).waitReady(t)
	var said []string
	for cut := range 420 {
		line := fmt.Sprintf("%d\r\n*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$6\r\nforged\r\n", cut)
		p.cutAfter(cut)
		speaker := n
		if cut%2 == 0 {
			speaker = other
		}
		speaker.say(t, line)
		said = append(said, line)
		n.wait(t, len(said))
		other.wait(t, len(said))
	}
	for name, got := range map[string][]string{"the node": n.all(), "the other": other.all()} {
		if !slices.Equal(got, said) {
			t.Errorf("%s heard %d lines, not the %d that were said", name, len(got), len(said))
		}
	}
}

// The same, stopped in the middle for longer than an answer may take.
func TestDelayInMidMessage(t *testing.T) {
	m := mini(t)
	p := newProxy(t, m.Addr())
	opts := at(p.addr)
	opts.ReadTimeout = 20 * time.Millisecond
	cfg := quick()
	cfg.ProbeInterval, cfg.ProbeTimeout = 20*time.Millisecond, 50*time.Millisecond
	n := start(t, opts, cfg).waitReady(t)
	var said []string
	for i := range 20 {
		line := fmt.Sprintf("%d\r\n*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$6\r\nforged\r\n", i)
		release := p.delay()
		n.say(t, line)
		said = append(said, line)
		n.wait(t, len(said))
		release()
	}
	if got := n.all(); !slices.Equal(got, said) {
		t.Errorf("heard %q", got)
	}
}

// A subscription that answers but brings nothing is replaced: it leads to a
// server that is no longer the master, say. PING alone would not show it.
func TestDeafSubscription(t *testing.T) {
	m := mini(t)
	p := newProxy(t, m.Addr())
	cfg, book := reported()
	cfg.ProbeInterval, cfg.ProbeTimeout = time.Hour, 50*time.Millisecond // no PING
	n := start(t, at(p.addr), cfg).waitReady(t)
	n.say(t, "before")
	n.wait(t, 1)
	p.deafen()
	n.say(t, "after")
	if got := n.wait(t, 2); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("heard %q", got)
	}
	if book.count(errDeaf.Error()) == 0 {
		t.Errorf("log:\n%s", book)
	}
}

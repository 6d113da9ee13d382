package adapter

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// reported is quick with a log that can be asked.
func reported() (Config, *logbook) {
	cfg, book := quick(), &logbook{}
	cfg.Logger = book.logger()
	return cfg, book
}

// onceEach fails unless the book has one line for away and one for back.
func onceEach(t *testing.T, book *logbook, more string) {
	t.Helper()
	await(t, "the line that redis is back", func() bool { return book.count("redis is back") > 0 })
	if book.count("redis is unavailable") != 1 || book.count("redis is back") != 1 || book.count("\n") != 2 ||
		!strings.Contains(book.String(), more) {
		t.Errorf("want one line for away and one for back, with %q, got:\n%s", more, book)
	}
}

func TestAwayAtStart(t *testing.T) {
	cfg, book := reported()
	addr := freeAddr(t)
	n := start(t, at(addr), cfg)
	n.say(t, numbered(1, 50)...)
	await(t, "the line that redis is away", func() bool { return book.count("redis is unavailable") > 0 })

	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if got := n.wait(t, 50); !slices.Equal(got, numbered(1, 50)) {
		t.Errorf("heard %q", got)
	}
	onceEach(t, book, "messages_waiting=50")
	if st := n.Stats(); st.Reconnects != 0 || st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

func TestStoppedAndStarted(t *testing.T) {
	cfg, book := reported()
	m := mini(t)
	n := start(t, at(m.Addr()), cfg).waitReady(t)
	n.say(t, numbered(1, 10)...)
	n.wait(t, 10)
	await(t, "all answered", func() bool { return n.Stats().Published == 10 })

	m.Close()
	await(t, "the line that redis is away", func() bool { return book.count("redis is unavailable") > 0 })
	n.say(t, numbered(11, 1000)...)
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := n.wait(t, 1000); !slices.Equal(got, numbered(1, 1000)) {
		t.Errorf("heard %q", got)
	}
	onceEach(t, book, "messages_unanswered=0")
	if st := n.Stats(); st.Reconnects != 1 {
		t.Errorf("stats %+v", st)
	}
}

// A subscription over which nothing comes any more is replaced, though its
// connection stands and nothing has failed.
func TestHalfOpenSubscription(t *testing.T) {
	cfg, book := reported()
	cfg.ProbeInterval, cfg.ProbeTimeout = 20*time.Millisecond, 500*time.Millisecond
	m := mini(t)
	p := newProxy(t, m.Addr())
	opts := at(p.addr)
	// Longer than ProbeTimeout, or the publisher notices first, and the log has its error.
	opts.ReadTimeout = 2 * time.Second
	n := start(t, opts, cfg).waitReady(t)
	n.say(t, "before")
	n.wait(t, 1)
	await(t, "the answer", func() bool { return n.Stats().Published == 1 })
	p.silence()
	await(t, "a second subscription", func() bool { return n.Stats().Reconnects == 1 })
	// The publisher's connection is as dead, and must not be trusted with it.
	n.say(t, "here again")
	n.wait(t, 2)
	if !strings.Contains(book.String(), errSilent.Error()) {
		t.Errorf("the log does not say why the subscription was replaced:\n%s", book)
	}
}

// A publisher's connection that died without a sign costs no line.
func TestHalfOpenPublisher(t *testing.T) {
	cfg := quick()
	m := mini(t)
	p := newProxy(t, m.Addr())
	opts := at(p.addr)
	opts.ReadTimeout = 200 * time.Millisecond
	n := start(t, opts, cfg).waitReady(t)
	n.say(t, "before")
	n.wait(t, 1)
	await(t, "the answer", func() bool { return n.Stats().Published == 1 })

	p.silence()
	n.say(t, "after")
	await(t, "the line at redis", func() bool { return n.Stats().Published == 2 })
	if st := n.Stats(); st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

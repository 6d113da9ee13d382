package adapter

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// burst starts a node on f whose first batch is lines, all together.
func burst(t *testing.T, f *fake, cfg Config, lines ...string) *node {
	t.Helper()
	opts := at(f.addr)
	opts.ReadTimeout = 200 * time.Millisecond
	cfg.Mode = Plain
	n := &node{Adapter: New(opts, cfg)}
	n.say(t, lines...)
	return n.run(t)
}

// Redis stops refusing in the middle of a batch: nothing may be lost, doubled
// or overtaken, and the log may not speak at each attempt.
func TestRefusedInTheMiddle(t *testing.T) {
	for _, reply := range []string{
		"-LOADING Redis is loading the dataset in memory\r\n",
		"-BUSY Redis is busy running a script.\r\n",
		"-READONLY You can't write against a read only replica.\r\n",
		"-NOREPLICAS Not enough good replicas to write.\r\n",
		"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
		"-NOPERM this user has no permissions\r\n",
	} {
		t.Run(strings.Fields(reply)[0], func(t *testing.T) {
			cfg, book := reported()
			f := newFake(t)
			seen := 0
			f.behave(func(cmd []string) string {
				if is(cmd, "publish") {
					if seen++; seen <= 25 { // two batches and a half
						return reply
					}
				}
				return ""
			})
			n := burst(t, f, cfg, numbered(1, 10)...)
			await(t, "all lines", func() bool { return n.Stats().Published == 10 })
			if got := f.published(); !slices.Equal(got, numbered(1, 10)) {
				t.Errorf("published %q", got)
			}
			onceEach(t, book, "messages_unanswered=0")
			if !strings.Contains(book.String(), strings.Fields(reply)[0][1:]) {
				t.Errorf("the log does not say why:\n%s", book)
			}
		})
	}
}

// A single line goes without MULTI.
func TestRefusedAlone(t *testing.T) {
	f := newFake(t)
	tries := 0
	f.behave(func(cmd []string) string {
		if is(cmd, "exec") {
			t.Error("a transaction around one line")
		}
		if is(cmd, "publish") {
			if tries++; tries < 5 {
				return "-LOADING\r\n"
			}
		}
		return ""
	})
	n := burst(t, f, quick(), "one")
	await(t, "the line", func() bool { return n.Stats().Published == 1 })
	if got := f.published(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("published %q", got)
	}
}

// Where MULTI is not allowed the lines run one by one, and must not run again.
func TestMultiRefused(t *testing.T) {
	f := newFake(t)
	f.behave(func(cmd []string) string {
		if is(cmd, "multi", "exec") {
			return "-NOPERM this user has no permissions to run the command\r\n"
		}
		return ""
	})
	cfg, book := reported()
	n := burst(t, f, cfg, numbered(1, 10)...)
	await(t, "all lines", func() bool { return n.Stats().Published == 10 })
	if got := f.published(); !slices.Equal(got, numbered(1, 10)) {
		t.Errorf("published %q", got)
	}
	if book.String() != "" {
		t.Errorf("logged:\n%s", book)
	}
}

// What was written and got no answer is not sent again; what came later is.
func TestNoAnswer(t *testing.T) {
	for _, how := range []string{disconnect, mute} {
		t.Run(how, func(t *testing.T) {
			cfg, book := reported()
			f := newFake(t)
			quiet := true
			f.behave(func(cmd []string) string {
				if quiet && is(cmd, "exec") {
					quiet = false
					return how
				}
				return ""
			})
			n := burst(t, f, cfg, numbered(1, 10)...)
			await(t, "the loss", func() bool { return n.Stats().Dropped.Unanswered == 10 })
			n.say(t, numbered(11, 12)...)
			await(t, "the rest", func() bool { return n.Stats().Published == 2 })
			if got := f.published(); !slices.Equal(got, numbered(11, 12)) {
				t.Errorf("published %q", got)
			}
			await(t, "the end of the outage", func() bool { return book.count("redis is back") == 1 })
			if book.count("are not sent again\" messages=10") != 1 || book.count("messages_unanswered=10") != 1 {
				t.Errorf("log:\n%s", book)
			}
		})
	}
}

// A Redis that cannot write its disk refuses PING, but not PUBLISH.
func TestPingRefused(t *testing.T) {
	f := newFake(t)
	f.behave(func(cmd []string) string {
		if is(cmd, "ping") {
			return "-MISCONF Redis is configured to save RDB snapshots, but it can't\r\n"
		}
		return ""
	})
	n := burst(t, f, quick(), "one")
	await(t, "the line", func() bool { return n.Stats().Published == 1 })
}

// Nonsense on the subscription ends it, not the process.
func TestMalformedMessage(t *testing.T) {
	for _, junk := range []string{"*0\r\n", "*1\r\n:5\r\n", "*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n", "junk\r\n"} {
		f := newFake(t)
		first := true
		f.behave(func(cmd []string) string {
			if first && is(cmd, "subscribe") {
				first = false
				return junk
			}
			return ""
		})
		cfg, book := reported()
		cfg.Mode = Plain
		start(t, at(f.addr), cfg).waitReady(t)
		if book.count("redis is unavailable") != 1 {
			t.Errorf("%q: log:\n%s", junk, book)
		}
	}
}

// SUBSCRIBE may be refused or never answered.
func TestSubscribeFails(t *testing.T) {
	for _, answer := range []string{"-NOPERM no permissions to access one of the channels\r\n", mute} {
		f := newFake(t)
		tries := 0
		f.behave(func(cmd []string) string {
			if is(cmd, "subscribe") {
				if tries++; tries < 3 {
					return answer
				}
			}
			return ""
		})
		cfg, book := reported()
		cfg.Mode = Plain
		cfg.ProbeTimeout = 50 * time.Millisecond
		start(t, at(f.addr), cfg).waitReady(t)
		onceEach(t, book, "side=subscribe")
	}
}

package adapter

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What no Redis sends on a subscription ends a connection at most.
func TestOddConfirmations(t *testing.T) {
	confirm := func(kind, channel string) string {
		return "*3\r\n" + bulk(kind) + bulk(channel) + ":1\r\n"
	}
	for name, more := range map[string]string{
		"a second confirmation":              confirm("subscribe", "chat"),
		"a confirmation of another channel":  confirm("subscribe", "other"),
		"the end of the subscription":        confirm("unsubscribe", "chat"),
		"a pattern":                          confirm("psubscribe", "*"),
		"a message for a channel of another": "*3\r\n" + bulk("message") + bulk("other") + bulk("x"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			first := true
			f.behave(func(cmd []string) string {
				if first && is(cmd, "subscribe") {
					first = false
					return confirm("subscribe", "chat") + more
				}
				return ""
			})
			n := start(t, at(f.addr), plainly()).waitReady(t)
			n.say(t, "a line")
			await(t, "the line", func() bool { return n.Stats().Published == 1 })
			if got := n.all(); len(got) > 0 {
				t.Errorf("heard %q, which nobody said on this channel", got)
			}
		})
	}
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

// Where MULTI is refused and the write breaks in the middle of a batch, no
// line runs twice.
func TestWriteFailsWithoutMulti(t *testing.T) {
	var fail atomic.Bool
	f := newFake(t)
	f.behave(func(cmd []string) string {
		if is(cmd, "multi", "exec", "discard") {
			return "-NOPERM this user has no permissions to run the command\r\n"
		}
		return ""
	})
	opts := &redis.Options{Dialer: func(context.Context, string, string) (net.Conn, error) {
		c, err := net.Dial("tcp", f.addr)
		return brittle{c, &fail, "publish"}, err
	}}
	fail.Store(true)
	n := &node{Adapter: New(opts, plainly())}
	n.say(t, numbered(1, 20)...)
	n.run(t)
	await(t, "all lines", func() bool { return n.Stats().Waiting == 0 })
	if got := f.published(); !slices.Equal(got, numbered(1, 20)) {
		t.Errorf("published %q", got)
	}
}

// A batch that was given up does not arrive after its successor: a reset drops
// what has not left this machine.
func TestGivenUpBatchIsReset(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.smallBuffers = true })
	arrivesLate(t, f, strings.Repeat("long ", 100_000))
}

// What has arrived at the machine of Redis is not dropped by a reset; the next
// connection has Redis close the old one.
func TestGivenUpBatchIsKilled(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.clients = true })
	arrivesLate(t, f, strings.Repeat("middling ", 1000))
}

func arrivesLate(t *testing.T, f *fake, late string) {
	opts := at(f.addr)
	opts.ReadTimeout = 200 * time.Millisecond
	n := start(t, opts, plainly()).waitReady(t)
	n.say(t, "first")
	await(t, "the first line", func() bool { return n.Stats().Published == 1 })
	release := f.hold()
	defer release()
	n.say(t, late)
	await(t, "the loss", func() bool { return n.Stats().Dropped.Unanswered == 1 })
	n.say(t, "last")
	await(t, "the last line", func() bool { return n.Stats().Published == 2 })
	release()
	await(t, "the end of the connection that was given up", func() bool { return f.open() == 2 })
	if got := f.published(); !slices.Equal(got, []string{"first", "last"}) {
		t.Errorf("%d lines were published, the last of %d bytes; want first and last", len(got), len(got[len(got)-1]))
	}
}

package adapter

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// brittleReceiver panics at one line.
type brittleReceiver struct{ heard }

func (r *brittleReceiver) Receive(line []byte, pos Position) {
	if string(line) == "bad" {
		panic("Receive broke")
	}
	r.heard.Receive(line, pos)
}

// A line at which the Receiver panics is lost, and no other, in either mode and when
// the lines are read from the log.
func TestReceiverPanics(t *testing.T) {
	for name, mode := range map[string]Mode{"log": Log, "plain": Plain} {
		t.Run(name, func(t *testing.T) {
			m := mini(t)
			cfg, book := reported()
			cfg.Mode = mode
			a, r := New(at(m.Addr()), cfg), &brittleReceiver{}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { a.Run(ctx, r) })
			defer running.Wait()
			defer cancel()
			<-a.Ready()
			speaker := start(t, at(m.Addr()), cfg).waitReady(t)
			want := []string{"first", "second", "third"}
			speaker.say(t, "first", "bad", "second")
			r.wait(t, 2)
			speaker.say(t, "bad", "third")
			if got := r.wait(t, 3); !slices.Equal(got, want) {
				t.Errorf("received %q, want %q", got, want)
			}
			st := a.Stats()
			if st.Panics != 2 || st.Reconnects != 0 || st.Gaps != 0 {
				t.Errorf("%d panics, %d reconnects and %d gaps; want 2 panics", st.Panics, st.Reconnects, st.Gaps)
			}
			if log := book.String(); !strings.Contains(log, "Receive broke") || !strings.Contains(log, "protect_test.go") {
				t.Errorf("the log does not show where the panic was: %s", log)
			}
		})
	}
}

// panickyConn panics in a Read when it is told to, as go-redis would at what it cannot
// parse.
type panickyConn struct {
	net.Conn
	panics *atomic.Bool
}

func (c panickyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.panics.CompareAndSwap(true, false) {
		panic("Read broke")
	}
	return n, err
}

// A panic in the library ends its connection, which begins anew, and no line is lost.
func TestLibraryPanics(t *testing.T) {
	for _, mode := range []Mode{Log, Plain} {
		m := mini(t)
		var panics atomic.Bool
		opts := &redis.Options{Dialer: func(context.Context, string, string) (net.Conn, error) {
			c, err := net.Dial("tcp", m.Addr())
			return panickyConn{c, &panics}, err
		}}
		cfg, book := reported()
		cfg.Mode = mode
		n := start(t, opts, cfg).waitReady(t)
		n.say(t, "first")
		n.wait(t, 1)
		for i := range 10 { // some of the panics are in the publisher, some in the subscriber
			panics.Store(true)
			n.say(t, itoa(i))
			await(t, "the panic", func() bool { return !panics.Load() })
			await(t, "the line has left the buffer", func() bool { return n.Stats().Waiting == 0 && n.Subscribed() })
		}
		n.stop()
		if n.Stats().Panics == 0 || book.count("Read broke") == 0 {
			t.Errorf("%v: %d panics were counted; the log is %s", mode, n.Stats().Panics, book)
		}
		if got := n.all(); mode == Log && len(got) != 11 {
			t.Errorf("%v: received %q, want 11 lines", mode, got)
		}
	}
}

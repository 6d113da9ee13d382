package adapter

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// stopLimit is generous, but below every timeout that could hold a node up: the
// least is 5 s.
const stopLimit = 4 * time.Second

// stops fails the test when the node takes longer than stopLimit to stop.
func stops(t *testing.T, n *node) {
	t.Helper()
	begin := time.Now()
	n.stop()
	if took := time.Since(begin); took > stopLimit {
		t.Errorf("took %v to stop", took)
	}
	if err := n.Publish([]byte("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish after the end: %v", err)
	}
	if st := n.Stats(); st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestStopWhileConnected(t *testing.T) {
	stops(t, start(t, at(mini(t).Addr()), quick()).waitReady(t))
}

func TestStopAtOnce(t *testing.T) {
	stops(t, start(t, at(mini(t).Addr()), quick()))
}

func TestStopInBackoff(t *testing.T) {
	cfg, book := reported()
	cfg.BackoffMin, cfg.BackoffMax = time.Hour, time.Hour
	n := start(t, at(freeAddr(t)), cfg)
	await(t, "the outage", func() bool { return book.count("redis is unavailable") == 1 })
	stops(t, n)
}

// The connection is accepted, but nobody answers the greeting.
func TestStopInGreeting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := start(t, at(l.Addr().String()), quick())
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stops(t, n)
}

// A dial that hangs ends with its context.
func TestStopInDial(t *testing.T) {
	dialing := make(chan struct{}, 10)
	opts := &redis.Options{Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialing <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	n := start(t, opts, quick())
	<-dialing
	stops(t, n)
}

// Lines that wait are sent after the end of the context, though not without end.
func TestDrain(t *testing.T) {
	f := newFake(t)
	busy := true
	asked := make(chan struct{}, 1000)
	f.behave(func(cmd []string) string {
		if busy && is(cmd, "publish") {
			asked <- struct{}{}
			return "-BUSY\r\n"
		}
		return ""
	})
	cfg := quick()
	cfg.DrainTimeout = 10 * time.Second
	cfg.BackoffMin, cfg.BackoffMax = time.Hour, time.Hour // cut short by the end
	n := burst(t, f, cfg, numbered(1, 10)...)
	<-asked
	f.mu.Lock()
	busy = false
	f.mu.Unlock()
	stops(t, n)
	if got := f.published(); !slices.Equal(got, numbered(1, 10)) {
		t.Errorf("published %q", got)
	}
}

func TestDrainIsBounded(t *testing.T) {
	for _, answer := range []string{"-BUSY\r\n", mute} {
		f := newFake(t)
		asked := make(chan struct{}, 1000)
		f.behave(func(cmd []string) string {
			if is(cmd, "publish") {
				asked <- struct{}{}
				return answer
			}
			return ""
		})
		cfg, book := reported()
		cfg.DrainTimeout = 50 * time.Millisecond
		cfg.Mode = Plain
		n := &node{Adapter: New(at(f.addr), cfg)} // its ReadTimeout is 5 s
		n.say(t, "a line")
		n.run(t)
		<-asked
		stops(t, n)
		d := n.Stats().Dropped
		if d.Closed+d.Unanswered != 1 {
			t.Errorf("%q: dropped %+v", answer, d)
		}
		if d.Closed == 1 && book.count("redis has not taken\" messages=1") != 1 {
			t.Errorf("%q: log:\n%s", answer, book)
		}
	}
}

// With Redis away and nothing waiting there is nothing to wait for.
func TestStopWhileAway(t *testing.T) {
	cfg, book := reported()
	cfg.DrainTimeout = time.Minute
	n := start(t, at(freeAddr(t)), cfg)
	await(t, "the outage", func() bool { return book.count("redis is unavailable") == 1 })
	stops(t, n)
}

func TestRunTwice(t *testing.T) {
	n := start(t, at(mini(t).Addr()), quick()).waitReady(t)
	if err := n.Run(context.Background(), n); err == nil {
		t.Error("a second Run")
	}
}

// A deadline on Run's context ends it and is no deadline on its reads.
func TestRunWithDeadline(t *testing.T) {
	m := mini(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	cfg, book := reported()
	if err := New(at(m.Addr()), cfg).Run(ctx, &heard{}); err != nil {
		t.Error(err)
	}
	if book.String() != "" {
		t.Errorf("logged:\n%s", book)
	}
}

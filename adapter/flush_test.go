package adapter

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// flush runs Flush and returns a channel with its result.
func (n *node) flush(ctx context.Context) <-chan error {
	flushed := make(chan error, 1)
	go func() { flushed <- n.Flush(ctx) }()
	return flushed
}

// receive takes the next value of a channel.
func receive[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(time.Minute):
		t.Fatalf("waited in vain: %s", what)
	}
	return v
}

// After Flush Redis has acknowledged all lines said before, whether or not the log is used.
func TestFlush(t *testing.T) {
	for _, mode := range []Mode{Log, Plain} {
		cfg := quick()
		cfg.Mode = mode
		n := start(t, at(mini(t).Addr()), cfg).waitReady(t)
		var want []string
		for i := range 50 {
			lines := numbered(10*i, 10*i+9)
			want = append(want, lines...)
			n.say(t, lines...)
			if err := receive(t, "the end of Flush", n.flush(t.Context())); err != nil {
				t.Fatalf("%v: Flush: %v", mode, err)
			}
			if got := n.buf.waiting(); got != 0 {
				t.Fatalf("%v: after Flush %d lines wait, want none", mode, got)
			}
		}
		if got := n.wait(t, len(want)); !slices.Equal(got, want) {
			t.Errorf("%v: the node has heard %.300q, want the lines in order", mode, got)
		}
	}
}

// While Redis is away Flush waits for it if lines wait, and only then.
func TestFlushWhileAway(t *testing.T) {
	addr, cfg := freeAddr(t), quick()
	cfg.DrainTimeout = -1
	n := start(t, at(addr), cfg)
	if err := receive(t, "the end of Flush without lines", n.flush(t.Context())); err != nil {
		t.Errorf("Flush without lines: %v", err)
	}
	n.say(t, "a line")
	ctx, cancel := context.WithCancel(t.Context())
	flushed := n.flush(ctx)
	await(t, "Flush waits", func() bool {
		n.buf.mu.Lock()
		defer n.buf.mu.Unlock()
		return len(n.buf.flushes) == 1
	})
	cancel()
	if err := receive(t, "the end of Flush", flushed); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush returned %v, want %v", err, context.Canceled)
	}
}

// A subscription that ends, or does not answer, holds up nobody for ever.
func TestFlushWithoutAnswer(t *testing.T) {
	f := newFake(t)
	pings := make(chan struct{}, 10)
	f.behave(func(cmd []string) string {
		if is(cmd, "ping") {
			pings <- struct{}{}
			return mute
		}
		return ""
	})
	n := start(t, at(f.addr), plainly()).waitReady(t)
	ctx, cancel := context.WithCancel(t.Context())
	flushed := n.flush(ctx)
	<-pings
	cancel()
	if err := receive(t, "the end of Flush", flushed); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush returned %v, want %v", err, context.Canceled)
	}
	flushed = n.flush(t.Context())
	<-pings
	n.stop()
	if err := receive(t, "the end of Flush", flushed); err != nil {
		t.Errorf("Flush returned %v when the subscription ended", err)
	}
}

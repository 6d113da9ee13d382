package adapter

import (
	"context"
	"slices"
	"strconv"
	"sync"
)

// Flush waits until Redis has acknowledged every line that Publish had accepted before
// the call and, if the subscription stands then, until the Receiver has got them. It
// returns an error when ctx ends first. It may be called concurrently.
func (a *Adapter) Flush(ctx context.Context) error {
	if err := a.buf.flushed(ctx); err != nil {
		return err
	}
	return a.fence.pass(ctx)
}

// A flush waits until so many lines, of all that were ever in the buffer, have left it.
type flush struct {
	lines int
	done  chan struct{}
}

// flushed waits until the lines that are in the buffer now have been published.
func (b *buffer) flushed(ctx context.Context) error {
	b.mu.Lock()
	f := flush{lines: b.pushed, done: make(chan struct{})}
	b.flushes = append(b.flushes, f)
	b.endFlushes()
	b.mu.Unlock()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endFlushes is called with mu held.
func (b *buffer) endFlushes() {
	b.flushes = slices.DeleteFunc(b.flushes, func(f flush) bool {
		left := b.pushed-b.win.waiting() >= f.lines
		if left {
			close(f.done)
		}
		return left
	})
}

// fence tells when the subscription has brought what Redis had published before a
// moment: it sends a PING over the subscription, and the answer comes behind the lines.
type fence struct {
	mu sync.Mutex
	// guarded by mu
	ping    func(ctx context.Context, payload string) error // nil: no subscription stands
	last    int
	waiting map[string]chan struct{} // by payload
}

// pass waits for the answer to a PING. Without a subscription, or when it ends, there
// is nothing to wait for.
func (f *fence) pass(ctx context.Context) error {
	ping, payload, passed := f.begin()
	if ping == nil {
		return nil
	}
	defer f.answered(payload)
	if ping(ctx, payload) != nil {
		return ctx.Err() // the subscription ends, or ctx has
	}
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fence) begin() (ping func(context.Context, string) error, payload string, passed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ping == nil {
		return nil, "", nil
	}
	f.last++
	payload = strconv.Itoa(f.last)
	ch := make(chan struct{})
	f.waiting[payload] = ch
	return f.ping, payload, ch
}

// answered takes the payload of an answer to a PING, which may be one of the watchdog.
func (f *fence) answered(payload string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ch := f.waiting[payload]; ch != nil {
		close(ch)
		delete(f.waiting, payload)
	}
}

// set begins a subscription, or ends it if ping is nil.
func (f *fence) set(ping func(context.Context, string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ch := range f.waiting {
		close(ch)
	}
	f.ping, f.waiting = ping, make(map[string]chan struct{})
}

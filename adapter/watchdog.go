package adapter

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	errSilent = errors.New("redis does not answer on the subscription")
	errDeaf   = errors.New("the subscription does not bring what this node publishes: it leads to another server or nowhere")
)

// watch is what the watchdog knows of a subscription.
type watch struct {
	mu    sync.Mutex
	heard time.Time // when something came, or the reading of the log ended
	busy  bool      // the log is being read, the subscription is not
	since time.Time // when reading the subscription began or went on
}

func newWatch() *watch { return &watch{since: time.Now()} }

func (w *watch) hear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
}

func (w *watch) setBusy(busy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = busy
	w.since = time.Now()
	w.heard = w.since
}

func (w *watch) state() (heard, since time.Time, busy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard, w.since, w.busy
}

// watchdog cuts a connection that has gone silent: it asks with PING when
// nothing has come for ProbeInterval, and whatever comes is an answer. It also
// cuts one that does not bring what the publisher has published. The first
// answer that it waits for is that to SUBSCRIBE.
func (s *subscriber) watchdog(c *connection, ps *redis.PubSub, w *watch, stop <-chan struct{}) {
	tick := time.NewTicker(max(min(s.cfg.ProbeInterval, s.cfg.ProbeTimeout)/8, time.Millisecond))
	defer tick.Stop()
	_, asked, _ := w.state() // SUBSCRIBE
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		heard, since, busy := w.state()
		now := time.Now()
		switch {
		case busy:
		case s.echo.overdue(since, s.cfg.ProbeTimeout):
			c.cut(errDeaf)
			return
		case asked.After(heard):
			if now.Sub(asked) > s.cfg.ProbeTimeout {
				c.cut(errSilent)
				return
			}
		case now.Sub(heard) > s.cfg.ProbeInterval:
			asked = now
			if err := ps.Ping(context.Background()); err != nil {
				c.cut(err)
				return
			}
		}
	}
}

package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

var errSilent = errors.New("redis does not answer on the subscription")

// subscriber keeps one subscription and hands on what it hears. All its fields
// belong to the one goroutine in run.
type subscriber struct {
	a    *Adapter
	to   Receiver
	back backoff
}

func newSubscriber(a *Adapter, to Receiver) *subscriber {
	return &subscriber{a: a, to: to, back: backoff{low: a.cfg.BackoffMin, high: a.cfg.BackoffMax}}
}

func (s *subscriber) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.connectAndReceive(ctx)
		if ctx.Err() != nil {
			return
		}
		s.a.out.subscriberDown(err)
		pause(ctx, s.back.next())
	}
}

// connectAndReceive makes one subscription and lives as long as it does. The connection is
// closed when it returns, so that no two of this node ever overlap.
func (s *subscriber) connectAndReceive(ctx context.Context) error {
	l := newConnection(ctx, s.a.opts)
	defer l.close()
	// Without the caller's context: its deadline would become one on reads,
	// and a read that times out inside a message reads the rest of it, which
	// is somebody's chat text, as protocol.
	ps := l.client.Subscribe(context.Background())
	defer ps.Close()
	if err := ps.Subscribe(context.Background(), s.a.cfg.Channel); err != nil {
		return err
	}

	heard := make(chan struct{}, 1)
	var watch sync.WaitGroup
	defer watch.Wait()
	stop := make(chan struct{})
	defer close(stop)
	watch.Go(func() { s.watchdog(l, ps, heard, stop) })

	err := s.receive(ps, heard)
	if cause := context.Cause(l.ctx); cause != nil {
		return cause // why it was closed, not that it was
	}
	return err
}

// receive hands on lines until the connection ends.
func (s *subscriber) receive(ps *redis.PubSub, heard chan<- struct{}) error {
	for {
		msg, err := next(ps)
		if err != nil {
			return err
		}
		select {
		case heard <- struct{}{}:
		default:
		}
		switch m := msg.(type) {
		case *redis.Subscription:
			s.confirmed()
		case *redis.Message:
			s.a.count.received.Add(1)
			s.to.Receive([]byte(m.Payload))
		}
	}
}

// confirmed is called once in a connectAndReceive, as only one SUBSCRIBE is sent in it.
func (s *subscriber) confirmed() {
	s.back.reset()
	s.a.out.subscriberUp()
	first := false
	s.a.readyOnce.Do(func() {
		first = true
		close(s.a.ready)
	})
	if !first {
		s.a.count.reconnects.Add(1)
	}
}

// next waits for one message. The library asserts its way through a reply's
// parts and panics over one that is no pub/sub message, which a confused proxy
// must not be able to connectAndReceive into the end of this process.
func next(ps *redis.PubSub) (msg any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("malformed message from redis: %v", v)
		}
	}()
	return ps.Receive(context.Background())
}

// watchdog asks and waits, starting with the answer to SUBSCRIBE, and cuts the
// connection when nothing comes back. Whatever comes counts as an answer.
func (s *subscriber) watchdog(l *connection, ps *redis.PubSub, heard, stop <-chan struct{}) {
	timer := time.NewTimer(s.a.cfg.ProbeTimeout)
	defer timer.Stop()
	for {
		select {
		case <-heard:
		case <-timer.C:
			l.cut(errSilent)
			return
		case <-stop:
			return
		}
		timer.Reset(s.a.cfg.ProbeInterval)
		select {
		case <-timer.C:
		case <-stop:
			return
		}
		select {
		case <-heard: // from before the question
		default:
		}
		timer.Reset(s.a.cfg.ProbeTimeout)
		if err := ps.Ping(context.Background()); err != nil {
			l.cut(err)
			return
		}
	}
}

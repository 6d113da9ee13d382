package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// errAgain ends a subscription that is to begin anew at once, with or without
// the log. It is no outage.
var errAgain = errors.New("subscribing anew")

// subscriber keeps one subscription and hands on what it hears.
type subscriber struct {
	*Adapter
	to Receiver

	// Owned by the goroutine in run.
	back       backoff
	track      *tracker
	generation uint64
	doubted    bool // Redis refused the log once

	mu      sync.Mutex
	current *connection
	bare    bool // Redis refuses the log to this user: bare lines only

	joined atomic.Bool // track knows what was in the log before this node
}

func newSubscriber(a *Adapter, to Receiver) *subscriber {
	return &subscriber{
		Adapter: a, to: to, track: newTracker(), bare: a.cfg.Mode == Plain,
		back: backoff{low: a.cfg.BackoffMin, high: a.cfg.BackoffMax},
	}
}

func (s *subscriber) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.protect(func() error { return s.session(ctx) })
		s.echo.begin(0)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errAgain) {
			continue
		}
		s.setBare(s.cfg.Mode == Plain)
		s.out.subscriberDown(err)
		pause(ctx, s.back.next())
	}
}

// session makes one subscription and lives as long as it does. Its connections
// are closed when it returns, so that no two of this node ever overlap.
func (s *subscriber) session(ctx context.Context) error {
	var log *logReader // nil: without the log
	if !s.isBare() {
		log = &logReader{ctx: ctx, a: s.Adapter}
		defer log.close()
	}
	if log != nil && !s.joined.Load() {
		p, err := log.page("$")
		if err != nil {
			return s.refused(ctx, err)
		}
		s.track.join(p)
		s.joined.Store(true)
	}
	conn := newConnection(ctx, s.opts)
	defer conn.close()
	s.setCurrent(conn)
	// Without the caller's context: its deadline would become one on reads,
	// and a read that times out inside a message reads the rest of it, which
	// is somebody's chat text, as protocol.
	ps := conn.client.Subscribe(context.Background())
	defer ps.Close()
	channels := []string{s.names.bare}
	if log != nil {
		channels = append(channels, s.names.lines)
	}
	if err := ps.Subscribe(context.Background(), channels...); err != nil {
		return err
	}

	w := newWatch()
	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	defer close(stop)
	watching.Go(func() { s.watchdog(conn, ps, w, stop) })

	err := s.confirm(ps, w, channels)
	if err == nil {
		err = s.receive(ctx, ps, w, log)
	} else if log != nil && conn.up.Load() {
		err = s.refused(ctx, err)
	}
	if cause := context.Cause(conn.ctx); cause != nil {
		return cause // why it was closed, not that it was
	}
	return err
}

// refused decides what an error of the log means for the subscription. Without
// the permission to read the log a node hears bare lines, as Node servers do. A
// second connection is to confirm that: the first may have met a server that
// was going down or coming up.
func (s *subscriber) refused(ctx context.Context, err error) error {
	r := refusalOf(err)
	if r == nil || r.passing {
		return err
	}
	if s.cfg.Mode == Log || r.readOnly {
		return r
	}
	if !s.doubted {
		s.doubted = true
		pause(ctx, s.back.next())
		return errAgain
	}
	s.cfg.Logger.Warn("redis refuses to read the log, subscribing without it: this node misses messages while it is disconnected from redis",
		"reason", r.words, "error", r.err)
	s.setBare(true)
	return errAgain
}

// upgrade begins anew a subscription that does without the log. The publisher
// calls it when Redis accepts the log again.
func (s *subscriber) upgrade() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bare && s.current != nil {
		s.out.resubscribing()
		s.current.cut(errAgain)
	}
	s.bare = false
}

func (s *subscriber) setBare(bare bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare = bare
}

func (s *subscriber) isBare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bare
}

func (s *subscriber) setCurrent(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = c
}

// confirm waits until each channel is subscribed.
func (s *subscriber) confirm(ps *redis.PubSub, w *watch, channels []string) error {
	pending := make(map[string]bool)
	for _, c := range channels {
		pending[c] = true
	}
	for len(pending) > 0 {
		msg, err := next(ps)
		if err != nil {
			return err
		}
		w.hear()
		sub, ok := msg.(*redis.Subscription)
		if !ok || sub.Kind != "subscribe" {
			return fmt.Errorf("redis answered SUBSCRIBE with %q", fmt.Sprint(msg))
		}
		delete(pending, sub.Channel)
	}
	return nil
}

// receive reads what was missed and then hands on lines until the connection
// ends.
func (s *subscriber) receive(ctx context.Context, ps *redis.PubSub, w *watch, log *logReader) error {
	s.track.subscribed()
	s.joined.Store(log != nil) // lines that come without the log have no numbers
	if log != nil {
		s.generation++
		s.echo.begin(s.generation)
		if err := s.catchUp(w, log); err != nil {
			return s.refused(ctx, err)
		}
		s.doubted = false
	}
	s.up()
	s.fence.set(func(ctx context.Context, payload string) error { return ps.Ping(ctx, payload) })
	defer s.fence.set(nil)
	for {
		msg, err := next(ps)
		if err != nil {
			return err
		}
		w.hear()
		switch m := msg.(type) {
		case *redis.Subscription:
			if m.Kind != "subscribe" { // nobody here has asked for that
				return fmt.Errorf("redis ended the subscription: %s", m.Kind)
			}
		case *redis.Pong:
			s.fence.answered(m.Payload)
		case *redis.Message:
			if err := s.message(m, w, log); err != nil {
				return err
			}
		}
	}
}

// up reports a subscription that stands, and has the publisher make sure that
// Redis still has what it had.
func (s *subscriber) up() {
	s.back.reset()
	s.out.subscriberUp()
	first := false
	s.readyOnce.Do(func() {
		first = true
		close(s.ready)
	})
	if !first {
		s.count.reconnects.Add(1)
	}
	s.buf.poke()
}

// next waits for one message. The library asserts its way through a reply's
// parts and panics over one that is no pub/sub message, which a confused proxy
// must not be able to turn into the end of this process.
func next(ps *redis.PubSub) (msg any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("malformed message from redis: %v", v)
		}
	}()
	return ps.Receive(context.Background())
}

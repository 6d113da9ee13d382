package adapter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrFull is Publish's answer when as much waits as may.
	ErrFull = errors.New("adapter: too much is waiting for redis")
	// ErrClosed is Publish's answer once Run's context has ended.
	ErrClosed = errors.New("adapter: closed")
)

// Receiver takes the lines of the channel, those of this node among them.
type Receiver interface {
	// Receive is called by one goroutine, in the order of the channel. It must
	// not block: while it does, nothing is read from Redis, which in the end
	// cuts a subscriber that does not read. The slice is the receiver's to keep.
	Receive(line []byte)
}

// Stats are counters since New, but for Waiting, which is now.
type Stats struct {
	Published  int64 // lines that Redis answered for
	Received   int64 // lines handed to the Receiver
	Reconnects int64 // subscriptions confirmed after the first
	Waiting    int64 // lines in the queue
	Dropped    Dropped
}

// Dropped counts lines that were given up, by cause.
type Dropped struct {
	Full       int64 // Publish said ErrFull
	Unanswered int64 // written, but no answer came: they may have run
	Refused    int64 // refused by Redis while a later one of its batch ran
	Closed     int64 // still waiting when Run ended
}

// Adapter is one node's connection to the others.
type Adapter struct {
	// Static after construction.
	cfg  Config
	opts redis.Options
	q    *queue
	out  *outage

	started   atomic.Bool
	ready     chan struct{}
	readyOnce sync.Once
	count     counters
}

type counters struct {
	published, received, reconnects   atomic.Int64
	unanswered, refused, full, closed atomic.Int64
}

// New returns an Adapter that is not connected yet; Run connects it. What opts
// says about retries, pools and protocol does not matter: this package has its
// own ways. Nil opts mean localhost:6379.
func New(opts *redis.Options, cfg Config) *Adapter {
	cfg = cfg.withDefaults()
	q := newQueue(cfg.MaxPending)
	return &Adapter{
		cfg:   cfg,
		opts:  connectionOptions(opts),
		q:     q,
		out:   newOutage(cfg.Logger, cfg.ResumeDelay, q.len),
		ready: make(chan struct{}),
	}
}

// Publish puts line in the queue. It never blocks, and any goroutine may call
// it, before Run as well. It takes ownership of line: do not change it
// afterwards. An error, ErrFull or ErrClosed, means that it will not be sent.
func (a *Adapter) Publish(line []byte) error {
	err := a.q.push(line)
	if err == ErrFull {
		a.count.full.Add(1)
	}
	return err
}

// Ready is closed when the first subscription is confirmed.
func (a *Adapter) Ready() <-chan struct{} { return a.ready }

// Stats returns the counters.
func (a *Adapter) Stats() Stats {
	c := &a.count
	return Stats{
		Published:  c.published.Load(),
		Received:   c.received.Load(),
		Reconnects: c.reconnects.Load(),
		Waiting:    int64(a.q.len()),
		Dropped: Dropped{
			Full:       c.full.Load(),
			Unanswered: c.unanswered.Load(),
			Refused:    c.refused.Load(),
			Closed:     c.closed.Load(),
		},
	}
}

// Run keeps the node connected until ctx is done, then sends what waits for at
// most Config.DrainTimeout, and returns nil when its goroutines have ended. An
// Adapter runs once; a second Run is an error.
func (a *Adapter) Run(ctx context.Context, r Receiver) error {
	if a.started.Swap(true) {
		return errors.New("adapter: Run called twice")
	}
	hard, kill := context.WithCancel(context.Background())
	defer kill()
	var sub, pub sync.WaitGroup
	sub.Go(func() { newSubscriber(a, r).run(ctx) })
	pub.Go(func() { newPublisher(a).run(ctx, hard) })

	<-ctx.Done()
	a.q.close()
	deadline := time.AfterFunc(max(a.cfg.DrainTimeout, 0), kill)
	defer deadline.Stop()
	pub.Wait()
	sub.Wait()
	if n := a.q.len(); n > 0 {
		a.count.closed.Add(int64(n))
		a.q.drop(n)
		a.cfg.Logger.Warn("shutting down, dropping lines that redis has not taken", "lines", n)
	}
	return nil
}

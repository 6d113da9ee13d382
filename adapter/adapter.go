package adapter

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrClosed is Publish's answer once Run's context has ended.
	ErrClosed = errors.New("adapter: closed")
	// ErrTooLong is Publish's answer to a line above Config.MaxLine.
	ErrTooLong = errors.New("adapter: line is too long")
)

// Receiver takes the lines of the channel, those of this node among them.
type Receiver interface {
	// Receive is called by one goroutine, each node's lines in the order of
	// their Publish calls. It must not block: while it does, nothing is read
	// from Redis, which in the end cuts a subscriber that does not read. The
	// slice is the receiver's to keep. A panic costs that line. The position is
	// zero for a line that is not in the log, because a Node server, redis-cli or
	// plain PUBLISH sent it.
	Receive(line []byte, pos Position)
}

// Stats are counters since New, but for Waiting and Mode, which are now.
type Stats struct {
	Published  int64 // lines that Redis acknowledged
	Plain      int64 // of these, lines published without the log
	Again      int64 // lines published again because Redis had lost them
	Received   int64 // lines handed to the Receiver
	Reconnects int64 // subscriptions confirmed after the first
	Gaps       int64 // announcements that showed missing lines
	Lost       int64 // lines of others that nobody held any more
	Waiting    int64 // lines that Redis has not acknowledged
	Mode       Mode  // Log or Plain: how lines are published now
	Panics     int64 // panics of the Receiver, of this package or of go-redis, which were recovered
	Dropped    Dropped
}

// Dropped counts lines that were given up, by cause.
type Dropped struct {
	TooLong    int64 // Publish said ErrTooLong
	Unanswered int64 // published plainly, but no answer came: they may have run
	Refused    int64 // refused plainly while a later one of their batch ran
	Closed     int64 // still waiting when Run ended
}

// Adapter is one node's connection to the others.
type Adapter struct {
	// Static after construction.
	cfg   Config
	opts  redis.Options
	names names
	buf   *buffer
	out   *outage
	echo  *echo
	fence fence
	// idleCheck is how old the last answer may be before plain PUBLISH asks with
	// PING whether its connection still stands.
	idleCheck time.Duration

	started   atomic.Bool
	unlogged  atomic.Bool // lines go by plain PUBLISH
	ready     chan struct{}
	readyOnce sync.Once
	count     counters
}

type counters struct {
	published, plain, again, received, reconnects, gaps, lost atomic.Int64
	tooLong, unanswered, refused, closed, panics              atomic.Int64
}

// New returns an Adapter that is not connected yet; Run connects it. What opts
// says about retries, pools and protocol does not matter: this package has its
// own ways. Nil opts mean localhost:6379.
func New(opts *redis.Options, cfg Config) *Adapter {
	cfg = cfg.withDefaults()
	run := newRun()
	buf := newBuffer(cfg, run)
	a := &Adapter{
		cfg:       cfg,
		opts:      connectionOptions(opts),
		names:     namesOf(cfg.Channel),
		buf:       buf,
		out:       newOutage(cfg.Logger, buf.waiting),
		echo:      &echo{run: run},
		ready:     make(chan struct{}),
		idleCheck: time.Second,
	}
	a.unlogged.Store(cfg.Mode == Plain)
	return a
}

// newRun returns the id of a run: 128 random bits, without a character that
// the wire or the keys use otherwise.
func newRun() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Publish puts line in the buffer. It blocks while the buffer is full, and any
// goroutine may call it, before Run as well. It takes ownership of line: do not
// change it afterwards. An error, ErrTooLong or ErrClosed, means that the line
// will not be sent.
func (a *Adapter) Publish(line []byte) error {
	if len(line) > a.cfg.MaxLine {
		a.count.tooLong.Add(1)
		return ErrTooLong
	}
	return a.buf.push(line)
}

// Ready is closed when the first subscription is confirmed.
func (a *Adapter) Ready() <-chan struct{} { return a.ready }

// Stats returns the counters.
func (a *Adapter) Stats() Stats {
	c := &a.count
	mode := Log
	if a.unlogged.Load() {
		mode = Plain
	}
	return Stats{
		Published:  c.published.Load(),
		Plain:      c.plain.Load(),
		Again:      c.again.Load(),
		Received:   c.received.Load(),
		Reconnects: c.reconnects.Load(),
		Gaps:       c.gaps.Load(),
		Lost:       c.lost.Load(),
		Waiting:    int64(a.buf.waiting()),
		Mode:       mode,
		Panics:     c.panics.Load(),
		Dropped: Dropped{
			TooLong:    c.tooLong.Load(),
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
	sub := newSubscriber(a, r)
	var running sync.WaitGroup
	running.Go(func() { sub.run(ctx) })
	running.Go(func() { newPublisher(a, sub).run(ctx, hard) })

	<-ctx.Done()
	a.buf.close()
	deadline := time.AfterFunc(max(a.cfg.DrainTimeout, 0), kill)
	defer deadline.Stop()
	running.Wait()
	if n := a.buf.waiting(); n > 0 {
		a.count.closed.Add(int64(n))
		a.buf.drop(n)
		a.cfg.Logger.Warn("shutting down, dropping messages that redis has not taken", "messages", n)
	}
	return nil
}

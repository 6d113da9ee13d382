package adapter

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// errSpent is what a link's second attempt to connect gets. Whoever sees it
// knows that the connection is gone and that nothing was written to it.
var errSpent = errors.New("connection to redis is gone")

// link is one connection to Redis with a go-redis client around it. It dials
// once. The library would replace a lost connection behind our back, a PubSub
// even inside the Receive that fails, and then nobody could say on which side
// of the gap a line was; here it gets errSpent and the owner makes a new link.
type link struct {
	client *redis.Client
	ctx    context.Context
	cancel context.CancelCauseFunc
	up     atomic.Bool // connected, greeted and authenticated

	mu    sync.Mutex
	conn  net.Conn
	spent bool
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// newLink returns a link that connects at its first command, and whose
// connection is closed at the latest when ctx ends.
func newLink(ctx context.Context, opts redis.Options) *link {
	l := &link{}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	// Closing the socket is the one thing that ends a blocked read: go-redis
	// looks at a context only between reads.
	context.AfterFunc(l.ctx, l.hangUp)

	dial, timeout := opts.Dialer, opts.DialTimeout
	opts.Dialer = func(_ context.Context, network, addr string) (net.Conn, error) {
		return l.dial(dial, timeout, network, addr)
	}
	greeted := opts.OnConnect
	opts.OnConnect = func(ctx context.Context, cn *redis.Conn) error {
		if greeted != nil {
			if err := greeted(ctx, cn); err != nil {
				return err
			}
		}
		l.up.Store(true)
		return nil
	}
	l.client = redis.NewClient(&opts)
	return l
}

func (l *link) dial(dial dialFunc, timeout time.Duration, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	spent := l.spent
	l.spent = true
	l.mu.Unlock()
	if spent {
		return nil, errSpent
	}
	ctx, cancel := context.WithTimeout(l.ctx, timeout)
	defer cancel()
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		conn.Close()
		return nil, errSpent
	}
	l.conn = conn
	return conn, nil
}

// ping asks whether the other end is there. An error reply is an answer too (a
// Redis that cannot write its disk refuses PING with MISCONF and goes on
// publishing), but one that ends the greeting, a wrong password say, is not.
func (l *link) ping() error {
	err := l.client.Ping(context.Background()).Err()
	if isRefusal(err) && l.up.Load() {
		return nil
	}
	return err
}

// cut ends the connection from any goroutine; cause is what the owner reports.
func (l *link) cut(cause error) { l.cancel(cause) }

// close is the owner's end of the link.
func (l *link) close() {
	l.cancel(nil)
	l.hangUp()
	l.client.Close()
}

func (l *link) hangUp() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}

// isRefusal tells an error that Redis answered with from all others.
func isRefusal(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// linkOptions returns a copy of opts that is fit for links.
func linkOptions(opts *redis.Options) redis.Options {
	var o redis.Options
	if opts != nil {
		o = *opts
	}
	if o.Addr == "" {
		o.Addr = "localhost:6379"
	}
	// RESP2 has no push frames, so nothing but replies and messages arrives.
	o.Protocol = 2
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	// A retried PUBLISH may be a doubled one; attempts are the owner's affair.
	o.MaxRetries = -1
	o.DialerRetries = 1
	// One connection, used by one goroutine. The size is not 1 because a pool
	// whose failed dials reach its size starts a goroutine that outlives it.
	o.PoolSize, o.MinIdleConns, o.PipelinePoolSize = 8, 0, -1
	o.ConnMaxIdleTime = -1
	// An endless timeout would let one half-open connection stop the node.
	for _, d := range []*time.Duration{&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout} {
		if *d <= 0 {
			*d = 5 * time.Second
		}
	}
	if o.Dialer == nil {
		o.Dialer = dialer(o.TLSConfig)
	}
	return o
}

// dialer is go-redis's own but for TLS, where that ignores its context.
func dialer(secure *tls.Config) dialFunc {
	plain := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	if secure == nil {
		return plain.DialContext
	}
	return (&tls.Dialer{NetDialer: plain, Config: secure}).DialContext
}

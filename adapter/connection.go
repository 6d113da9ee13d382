package adapter

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// errConnectionClosed is the error of the second attempt to dial. A caller that gets it
// knows that the connection is gone and that nothing was written to it.
var errConnectionClosed = errors.New("connection to redis is gone")

// connection is one connection to Redis and the go-redis client around it. It dials
// once. The library would replace a lost connection behind our back, a PubSub
// even inside the Receive that fails, and then nobody could say on which side
// of the gap a line was; here it gets errConnectionClosed and the owner makes a new connection.
type connection struct {
	client *redis.Client
	ctx    context.Context
	cancel context.CancelCauseFunc
	up     atomic.Bool // connected, greeted and authenticated
	id     serverID    // owner's, see identify

	mu     sync.Mutex
	conn   net.Conn
	dialed bool
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// newConnection returns a connection that connects at its first command, and whose
// connection is closed at the latest when ctx ends.
func newConnection(ctx context.Context, opts redis.Options) *connection {
	l := &connection{}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	// Closing the socket is the one thing that ends a blocked read: go-redis
	// looks at a context only between reads.
	context.AfterFunc(l.ctx, l.disconnect)

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

func (l *connection) dial(dial dialFunc, timeout time.Duration, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	dialed := l.dialed
	l.dialed = true
	l.mu.Unlock()
	if dialed {
		return nil, errConnectionClosed
	}
	ctx, cancel := context.WithTimeout(l.ctx, timeout)
	defer cancel()
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	resetOnClose(conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		conn.Close()
		return nil, errConnectionClosed
	}
	l.conn = conn
	return conn, nil
}

// ping asks whether the other end is there. An error reply is an answer too (a
// Redis that cannot write its disk refuses PING with MISCONF and goes on
// publishing), but one that ends the greeting, a wrong password say, is not.
func (l *connection) ping() error {
	err := l.client.Ping(context.Background()).Err()
	if isRefusal(err) && l.up.Load() {
		return nil
	}
	return err
}

// serverID is what a server calls one of its connections. Ids begin anew with
// each server, so the address belongs to it.
type serverID struct{ id, addr string }

// identify asks what the server calls this connection, and has it close
// another one: the bytes of a call that was given up may still be on their way
// to it. Older servers and narrow permissions allow neither, which is no error.
func (l *connection) identify(abandoned serverID) error {
	ctx := context.Background()
	pipe := l.client.Pipeline()
	info := pipe.Do(ctx, "client", "info")
	if abandoned != (serverID{}) {
		pipe.Do(ctx, "client", "kill", "id", abandoned.id, "addr", abandoned.addr)
	}
	if _, err := pipe.Exec(ctx); err != nil && !(isRefusal(err) && l.up.Load()) {
		return err
	}
	text, _ := info.Text()
	var id serverID
	for field := range strings.FieldsSeq(text) {
		if value, ok := strings.CutPrefix(field, "id="); ok {
			id.id = value
		} else if value, ok := strings.CutPrefix(field, "addr="); ok {
			id.addr = value
		}
	}
	if id.id != "" && id.addr != "" {
		l.id = id
	}
	return nil
}

// cut ends the connection from any goroutine; cause is what the owner reports.
func (l *connection) cut(cause error) { l.cancel(cause) }

// close is called by the owner alone.
func (l *connection) close() {
	l.cancel(nil)
	l.disconnect()
	l.client.Close()
}

func (l *connection) disconnect() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}

// resetOnClose makes closing conn drop what has not left this machine: sent in
// the background, it could arrive after what the next connection sends.
func resetOnClose(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // it fails only where the connection is gone
	}
}

// isRefusal tells an error that Redis answered with from all others.
func isRefusal(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// connectionOptions returns a copy of opts that is fit for one connection.
func connectionOptions(opts *redis.Options) redis.Options {
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

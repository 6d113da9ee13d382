package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Config holds the settings of Ensure. A zero field means its default.
type Config struct {
	// Addr is the host:port where Ensure looks for a Redis. It tries every address
	// of the host. Default localhost:6379.
	Addr string

	// Listen is the host:port of the embedded Redis. Default 127.0.0.1:6379. The
	// embedded Redis has no password, so other machines must not reach this
	// address. Addr must resolve to it, or other nodes do not find it.
	Listen string

	// RefusedFor is how long connections must be refused before Ensure starts an
	// embedded Redis. If it is too short, a Redis that is starting finds its port
	// in use. Default 1 s.
	RefusedFor time.Duration

	// Poll is the time between two attempts. Default 100 ms.
	Poll time.Duration

	// DialTimeout is the timeout of one attempt. Default 3 s, because Windows
	// reports a refusal after two.
	DialTimeout time.Duration

	// Logger receives a warning when Ensure starts an embedded Redis. Default
	// slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Addr == "" {
		c.Addr = "localhost:6379"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:6379"
	}
	if c.RefusedFor <= 0 {
		c.RefusedFor = time.Second
	}
	if c.Poll <= 0 {
		c.Poll = 100 * time.Millisecond
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 3 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// A Broker is a running embedded Redis. Its methods may be called concurrently.
type Broker struct {
	server *miniredis.Miniredis
	addr   string
	once   sync.Once
}

// Ensure returns nil and no error if a server accepts connections at Config.Addr. If
// connections are refused for Config.RefusedFor it starts a Broker. All other
// failures, such as a timeout, are errors, because there may be a Redis. It is also
// an error if Listen is in use but refuses connections. Call Ensure once, at the
// start: later it would start a Broker in place of a Redis that is down.
func Ensure(ctx context.Context, cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	up, err := accepts(ctx, cfg)
	if up || err != nil {
		return nil, err
	}
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true)
	err = server.StartAddr(cfg.Listen)
	if inUse(err) {
		// Another process may have started a Redis here. Ensure uses no other port,
		// because other nodes would not find it.
		if up, probeErr := accepts(ctx, cfg); up || probeErr != nil {
			return nil, probeErr
		}
		return nil, fmt.Errorf("embedded redis: %s is in use by a program that refuses connections", cfg.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	b := &Broker{server: server, addr: server.Addr()}
	cfg.Logger.Warn("no redis found, started an embedded redis for development; set -redis to use a real one",
		"tried", cfg.Addr, "addr", b.addr)
	return b, nil
}

// Addr returns the host:port where the Broker listens.
func (b *Broker) Addr() string { return b.addr }

// Close stops the Broker and closes its connections. It may be called several times
// and on a nil Broker.
func (b *Broker) Close() {
	if b != nil {
		b.once.Do(b.server.Close)
	}
}

// accepts reports whether cfg.Addr accepts connections. It tries until all attempts
// were refused for cfg.RefusedFor.
func accepts(ctx context.Context, cfg Config) (bool, error) {
	poll := time.NewTicker(cfg.Poll)
	defer poll.Stop()
	for deadline := time.Now().Add(cfg.RefusedFor); ; {
		err := dialAny(ctx, cfg)
		if err == nil {
			return true, nil
		}
		if !refused(err) {
			return false, fmt.Errorf("looking for redis at %s: %w", cfg.Addr, err)
		}
		if !time.Now().Before(deadline) {
			return false, nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// dialAny returns nil if one of the addresses accepts a connection. Otherwise it
// returns an error that is not a refusal, if there is one. net.Dialer would report
// only the first failure.
func dialAny(ctx context.Context, cfg Config) error {
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return err
	}
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return err
	}
	var refusal, other, absent error
	dialer := net.Dialer{Timeout: cfg.DialTimeout}
	for _, addr := range addrs {
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(addr, port))
		switch {
		case err == nil:
			conn.Close()
			return nil
		case refused(err):
			refusal = err
		case familyAbsent(err):
			absent = err
		default:
			other = err
		}
	}
	for _, err := range []error{other, refusal, absent} {
		if err != nil {
			return err
		}
	}
	return errors.New("no address")
}

// The numbers are the error codes of Windows, such as WSAECONNREFUSED, for which
// package syscall has other values. No other system uses these numbers.
func refused(err error) bool {
	return is(err, syscall.ECONNREFUSED, 10061)
}

func inUse(err error) bool {
	return is(err, syscall.EADDRINUSE, 10048)
}

// familyAbsent reports whether this machine has no addresses of that family:
// localhost can resolve to ::1 on machines without IPv6.
func familyAbsent(err error) bool {
	return is(err, syscall.EADDRNOTAVAIL, 10049) || is(err, syscall.EAFNOSUPPORT, 10047)
}

func is(err error, unix, windows syscall.Errno) bool {
	return errors.Is(err, unix) || errors.Is(err, windows)
}

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

// Config says where to look for a Redis and when to give up. The zero value
// does what the program promises when it is given no Redis.
type Config struct {
	// Addr is the host:port at which a Redis is expected. Default localhost:6379;
	// every address that the host resolves to is tried.
	Addr string

	// Listen is the host:port of the embedded Redis. Default 127.0.0.1:6379. It
	// has no password: an address that other machines reach lets them in. Addr
	// must resolve to it, or other nodes do not find it.
	Listen string

	// RefusedFor is how long connections have to be refused before an embedded
	// Redis is started. Default 1 s; too short, and a Redis that is just starting
	// finds its port in use.
	RefusedFor time.Duration

	// Poll is the pause between two attempts. Default 100 ms.
	Poll time.Duration

	// DialTimeout bounds one attempt. Default 3 s: Windows takes two to report
	// a refusal.
	DialTimeout time.Duration

	// Logger gets one warning when the embedded Redis was started. Default
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

// Broker is a running embedded Redis.
type Broker struct {
	server *miniredis.Miniredis
	addr   string
	once   sync.Once
}

// Ensure returns nil and no error when something accepts connections at
// Config.Addr. When all are refused for Config.RefusedFor it starts a Broker.
// Any other answer, such as a timeout, means that there may be a Redis, and is
// an error; so is a Listen address whose owner refuses connections. Call it
// once, at the start: it cannot tell a Redis that is down from one that never
// was.
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
		// Another process was faster. If it does not accept soon, it is no Redis.
		// Another port would not help: the next process would not look there.
		if up, probeErr := accepts(ctx, cfg); up || probeErr != nil {
			return nil, probeErr
		}
		return nil, fmt.Errorf("embedded redis: %s is in use by a program that refuses connections", cfg.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	b := &Broker{server: server, addr: server.Addr()}
	cfg.Logger.Warn("no redis found, started an embedded one for development; name a real one with -redis",
		"tried", cfg.Addr, "addr", b.addr)
	return b, nil
}

// Addr is the address at which the Broker listens.
func (b *Broker) Addr() string { return b.addr }

// Close ends the Broker and every connection to it. It may be called again,
// and on the nil Broker of a machine that has a Redis.
func (b *Broker) Close() {
	if b != nil {
		b.once.Do(b.server.Close)
	}
}

// accepts tries cfg.Addr until something accepts or all was refused for
// cfg.RefusedFor.
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

// dialAny returns nil when one of the addresses accepts, and otherwise the
// most telling error: one that is no refusal before one that is. It dials them
// itself since net.Dialer reports only the first failure.
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

// The numbers are Windows' own (WSAECONNREFUSED and so on), for which package
// syscall has other values there than the system reports; no other system uses
// them.
func refused(err error) bool {
	return is(err, syscall.ECONNREFUSED, 10061)
}

func inUse(err error) bool {
	return is(err, syscall.EADDRINUSE, 10048)
}

// familyAbsent tells that this machine has no such addresses: localhost
// resolves to ::1 on machines without IPv6 as well.
func familyAbsent(err error) bool {
	return is(err, syscall.EADDRNOTAVAIL, 10049) || is(err, syscall.EAFNOSUPPORT, 10047)
}

func is(err error, unix, windows syscall.Errno) bool {
	return errors.Is(err, unix) || errors.Is(err, windows)
}

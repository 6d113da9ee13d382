package adapter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// sentinelOptions are options whose dialer asks Sentinel for the master each
// time. The library's own failover client would hold connections and
// goroutines beside ours; what its caller needs is an address.
func sentinelOptions(f *redis.FailoverOptions) *redis.Options {
	o := &redis.Options{
		Addr:         f.MasterName, // never dialed, but it appears in errors
		ClientName:   f.ClientName,
		Username:     f.Username,
		Password:     f.Password,
		DB:           f.DB,
		TLSConfig:    f.TLSConfig,
		DialTimeout:  f.DialTimeout,
		ReadTimeout:  f.ReadTimeout,
		WriteTimeout: f.WriteTimeout,
	}
	o.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		addr, err := masterAddr(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("asking sentinel for %s: %w", f.MasterName, err)
		}
		return dialer(secureFor(f.TLSConfig, addr))(ctx, "tcp", addr)
	}
	return o
}

// sentinelTimeout is how long one Sentinel may take, so that there is time for
// the next one.
const sentinelTimeout = time.Second

// masterAddr asks one Sentinel after another, in the order of the URL.
func masterAddr(ctx context.Context, f *redis.FailoverOptions) (string, error) {
	var all error
	for _, addr := range f.SentinelAddrs {
		ctx, cancel := context.WithTimeout(ctx, sentinelTimeout)
		host, err := askSentinel(ctx, f, addr)
		cancel()
		if err == nil {
			return host, nil
		}
		all = errors.Join(all, fmt.Errorf("%s: %w", addr, err))
	}
	return "", all
}

func askSentinel(ctx context.Context, f *redis.FailoverOptions, addr string) (string, error) {
	c := redis.NewSentinelClient(&redis.Options{
		Addr:         addr,
		Username:     f.SentinelUsername,
		Password:     f.SentinelPassword,
		Dialer:       dialer(secureFor(f.TLSConfig, addr)),
		DialTimeout:  sentinelTimeout,
		ReadTimeout:  sentinelTimeout,
		WriteTimeout: sentinelTimeout,
		MaxRetries:   -1,
		PoolSize:     8, // see connectionOptions
	})
	defer c.Close()
	master, err := c.GetMasterAddrByName(ctx, f.MasterName).Result()
	if errors.Is(err, redis.Nil) {
		return "", errors.New("it knows no such master")
	}
	if err != nil {
		return "", err
	}
	if len(master) != 2 {
		return "", fmt.Errorf("unexpected answer %q", master)
	}
	return net.JoinHostPort(master[0], master[1]), nil
}

// secureFor is cfg for the host at addr: the parser names the first one only.
func secureFor(cfg *tls.Config, addr string) *tls.Config {
	if cfg == nil {
		return nil
	}
	cfg = cfg.Clone()
	cfg.ServerName, _, _ = net.SplitHostPort(addr)
	return cfg
}

package broker

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testConfig returns a Config for an unused port, with short times.
func testConfig(t *testing.T) Config {
	t.Helper()
	addr := listen(t).Addr().String() // closed, so connections are refused
	return Config{
		Addr:       addr,
		Listen:     addr,
		RefusedFor: 20 * time.Millisecond,
		Poll:       5 * time.Millisecond,
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// listen returns a closed listener, whose port refuses connections.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l
}

func ensure(t *testing.T, cfg Config) *Broker {
	t.Helper()
	b, err := Ensure(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestStart(t *testing.T) {
	var log strings.Builder
	cfg := testConfig(t)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := ensure(t, cfg)
	if b == nil || b.Addr() != cfg.Listen {
		t.Fatalf("Ensure returned %+v, want a broker at %s", b, cfg.Listen)
	}
	c := redis.NewClient(&redis.Options{Addr: b.Addr()})
	defer c.Close()
	if err := c.Publish(t.Context(), "chat", "x").Err(); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "level=WARN") ||
		!strings.Contains(log.String(), "development") || !strings.Contains(log.String(), "-redis") {
		t.Errorf("want one warning that names development and -redis, logged:\n%s", log.String())
	}
	if second := ensure(t, cfg); second != nil {
		t.Error("Ensure started a second broker")
	}
	b.Close()
	b.Close()
}

func TestKeysExpire(t *testing.T) {
	b := ensure(t, testConfig(t))
	c := redis.NewClient(&redis.Options{Addr: b.Addr()})
	defer c.Close()
	if err := c.Set(t.Context(), "key", "value", 20*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); c.Exists(t.Context(), "key").Val() != 0; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the key did not expire within 5 s")
		}
	}
}

// Ensure uses a Redis that starts within RefusedFor.
func TestRedisStartsLate(t *testing.T) {
	cfg := testConfig(t)
	cfg.RefusedFor = time.Minute
	up := make(chan net.Listener)
	time.AfterFunc(20*time.Millisecond, func() {
		l, err := net.Listen("tcp", cfg.Addr)
		if err != nil {
			t.Error(err)
		}
		up <- l
	})
	if b := ensure(t, cfg); b != nil {
		t.Error("Ensure started a broker although a Redis had started")
	}
	(<-up).Close()
}

// Of several concurrent calls one starts a broker, and the others use it.
func TestRace(t *testing.T) {
	cfg := testConfig(t)
	var wg sync.WaitGroup
	brokers := make([]*Broker, 8)
	for i := range brokers {
		wg.Go(func() {
			b, err := Ensure(context.Background(), cfg)
			if err != nil {
				t.Error(err)
			}
			brokers[i] = b
		})
	}
	wg.Wait()
	started := 0
	for _, b := range brokers {
		if b != nil {
			started++
			b.Close()
		}
	}
	if started != 1 {
		t.Errorf("%d brokers were started, want one", started)
	}
}

// Listen is in use by a program that refuses connections at Addr.
func TestPortInUse(t *testing.T) {
	cfg := testConfig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg.Listen = l.Addr().String() // Addr still refuses
	if b, err := Ensure(context.Background(), cfg); b != nil || err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("Ensure returned %v, %v; want an error about a port in use", b, err)
	}
}

// Failures other than a refusal are errors, because there may be a Redis.
func TestOtherDialErrors(t *testing.T) {
	for _, addr := range []string{"no port", "does-not-exist.invalid:6379", "255.255.255.255:6379"} {
		cfg := testConfig(t)
		cfg.Addr = addr
		cfg.DialTimeout = 100 * time.Millisecond
		if b, err := Ensure(context.Background(), cfg); b != nil || err == nil {
			b.Close()
			t.Errorf("%s: Ensure returned %v, %v; want an error", addr, b, err)
		}
	}
}

func TestEveryAddressIsTried(t *testing.T) {
	// On most machines localhost is ::1 and 127.0.0.1; the test listens on one of them.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := testConfig(t)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	cfg.Addr = "localhost:" + port
	if b := ensure(t, cfg); b != nil {
		t.Error("Ensure started a broker although 127.0.0.1 accepts connections")
	}
	l.Close()
	cfg.Listen = cfg.Addr
	if b := ensure(t, cfg); b == nil {
		t.Error("Ensure started no broker although all addresses refuse")
	}
}

func TestContextEnds(t *testing.T) {
	cfg := testConfig(t)
	cfg.RefusedFor = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if b, err := Ensure(ctx, cfg); b != nil || err == nil {
		t.Errorf("Ensure returned %v, %v; want an error after the context ended", b, err)
	}
}

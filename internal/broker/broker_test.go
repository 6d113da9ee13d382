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

// quick looks at an address of the test's own, without much patience.
func quick(t *testing.T) Config {
	t.Helper()
	addr := listen(t).Addr().String() // closed again: connections are refused
	return Config{
		Addr:       addr,
		Listen:     addr,
		RefusedFor: 20 * time.Millisecond,
		Poll:       5 * time.Millisecond,
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// listen returns a listener that is closed already.
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

func TestStartsWhereNoneIs(t *testing.T) {
	var log strings.Builder
	cfg := quick(t)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := ensure(t, cfg)
	if b == nil || b.Addr() != cfg.Listen {
		t.Fatalf("got %+v", b)
	}
	c := redis.NewClient(&redis.Options{Addr: b.Addr()})
	defer c.Close()
	if err := c.Publish(t.Context(), "chat", "x").Err(); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "level=WARN") ||
		!strings.Contains(log.String(), "development") || !strings.Contains(log.String(), "-redis") {
		t.Errorf("logged:\n%s", log.String())
	}
	if second := ensure(t, cfg); second != nil {
		t.Error("a second one beside the first")
	}
	b.Close()
	b.Close()
}

func TestTimePasses(t *testing.T) {
	b := ensure(t, quick(t))
	c := redis.NewClient(&redis.Options{Addr: b.Addr()})
	defer c.Close()
	if err := c.Set(t.Context(), "key", "value", 20*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); c.Exists(t.Context(), "key").Val() != 0; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the key does not expire")
		}
	}
}

// A Redis that comes up within the patience is used.
func TestWaitsForALateOne(t *testing.T) {
	cfg := quick(t)
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
		t.Error("started one")
	}
	(<-up).Close()
}

// Of several that start together one has the port, and the others use it.
func TestRace(t *testing.T) {
	cfg := quick(t)
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
	won := 0
	for _, b := range brokers {
		if b != nil {
			won++
			b.Close()
		}
	}
	if won != 1 {
		t.Errorf("%d started", won)
	}
}

// The address refuses, yet cannot be listened on.
func TestPortInUse(t *testing.T) {
	cfg := quick(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg.Listen = l.Addr().String() // Addr still refuses
	if b, err := Ensure(context.Background(), cfg); b != nil || err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, %v", b, err)
	}
}

// Whatever is no refusal may be a Redis.
func TestOtherAnswers(t *testing.T) {
	for _, addr := range []string{"no port", "does-not-exist.invalid:6379", "255.255.255.255:6379"} {
		cfg := quick(t)
		cfg.Addr = addr
		cfg.DialTimeout = 100 * time.Millisecond
		if b, err := Ensure(context.Background(), cfg); b != nil || err == nil {
			b.Close()
			t.Errorf("%s: %v, %v", addr, b, err)
		}
	}
}

func TestEveryAddressIsTried(t *testing.T) {
	// localhost is ::1 and 127.0.0.1 on most machines; this listens on the one.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := quick(t)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	cfg.Addr = "localhost:" + port
	if b := ensure(t, cfg); b != nil {
		t.Error("started one beside a listener")
	}
	l.Close()
	cfg.Listen = cfg.Addr
	if b := ensure(t, cfg); b == nil {
		t.Error("all refused, and none was started")
	}
}

func TestContextEnds(t *testing.T) {
	cfg := quick(t)
	cfg.RefusedFor = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if b, err := Ensure(ctx, cfg); b != nil || err == nil {
		t.Errorf("%v, %v", b, err)
	}
}

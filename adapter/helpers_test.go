package adapter

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	RouteLogs(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// await fails the test when cond does not become true.
func await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	awaitFor(t, time.Minute, what, cond)
}

func awaitFor(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !cond(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// heard collects what a node receives.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) Receive(line []byte, _ Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, string(line))
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.lines...)
}

func (h *heard) wait(t testing.TB, n int) []string {
	t.Helper()
	await(t, fmt.Sprintf("%d lines", n), func() bool { return len(h.all()) >= n })
	return h.all()
}

// logbook is a log that can be read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logbook) count(s string) int { return strings.Count(l.String(), s) }

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// quick is a Config whose waits suit a test.
func quick() Config {
	return Config{
		Logger:     slog.New(slog.DiscardHandler),
		BackoffMin: 2 * time.Millisecond,
		BackoffMax: 10 * time.Millisecond,
	}
}

// plainly is quick without the log.
func plainly() Config {
	cfg := quick()
	cfg.Mode = Plain
	return cfg
}

// node is a running adapter.
type node struct {
	*Adapter
	heard
	stop func() // ends Run and waits for it
}

func start(t testing.TB, opts *redis.Options, cfg Config) *node {
	t.Helper()
	return (&node{Adapter: New(opts, cfg)}).run(t)
}

func (n *node) run(t testing.TB) *node {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx, &n.heard) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(n.stop)
	return n
}

func (n *node) waitReady(t testing.TB) *node {
	t.Helper()
	select {
	case <-n.Ready():
	case <-time.After(time.Minute):
		t.Fatal("never ready")
	}
	return n
}

func (n *node) say(t testing.TB, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if err := n.Publish([]byte(line)); err != nil {
			t.Fatalf("Publish: %v", err)
		}
	}
}

// numbered returns "from", ..., "to".
func numbered(from, to int) []string {
	var lines []string
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprint(i))
	}
	return lines
}

func mini(t testing.TB) *miniredis.Miniredis {
	t.Helper()
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func at(addr string) *redis.Options { return &redis.Options{Addr: addr} }

// freeAddr returns an address at which connections are refused.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func itoa(n int) string { return strconv.Itoa(n) }

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tsunagu/internal/panics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// await waits for what must come true.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("after 20 s it is not true that %s", what)
		}
	}
}

// run runs a process with nodes of these names until the test ends, or until
// stop is called.
func run(t *testing.T, m *miniredis.Miniredis, cfg Config, names ...string) (r *Register, stop func()) {
	t.Helper()
	cfg.Interval = 5 * time.Millisecond
	r = New(&redis.Options{Addr: m.Addr()}, cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		r.Run(ctx, func() map[string]Report {
			all := make(map[string]Report)
			for i, name := range names {
				all[fmt.Sprint(i)] = Report{name, []byte("data of " + name)}
			}
			return all
		})
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return r, stop
}

// hears tells whether r hears of exactly these names.
func hears(t *testing.T, r *Register, names ...string) func() bool {
	return func() bool {
		reports, err := r.Others(t.Context())
		if err != nil {
			return false
		}
		var heard []string
		for _, report := range reports {
			if string(report.Data) != "data of "+report.Name {
				t.Errorf("the data of %s is %q", report.Name, report.Data)
			}
			heard = append(heard, report.Name)
		}
		slices.Sort(heard)
		return slices.Equal(heard, names)
	}
}

func TestNodesHearOfEachOther(t *testing.T) {
	m := miniredis.RunT(t)
	one, _ := run(t, m, Config{}, "a:3000", "a:3001")
	two, stop := run(t, m, Config{}, "b:3000")
	_, _ = run(t, m, Config{Channel: "another"}, "c:3000")
	await(t, "one hears of the node of two", hears(t, one, "b:3000"))
	await(t, "two hears of both nodes of one", hears(t, two, "a:3000", "a:3001"))
	for _, key := range m.Keys() {
		await(t, "the key "+key+" expires", func() bool { return m.TTL(key) > 0 })
		if !strings.HasPrefix(key, "{chat}:") && !strings.HasPrefix(key, "{another}:") {
			t.Errorf("the key %s has no hash tag of a chat", key)
		}
	}
	stop()
	await(t, "one hears of nobody after two has stopped", hears(t, one))
}

// A node that ends without a word is forgotten when its report expires.
func TestReportsExpire(t *testing.T) {
	m := miniredis.RunT(t)
	r, _ := run(t, m, Config{}, "a:3000")
	m.Set("{chat}:figures:dead-0", "data of dead:1")
	m.SetTTL("{chat}:figures:dead-0", 10*time.Second)
	m.HSet("{chat}:nodes", "dead-0", "dead:1")
	await(t, "the node is heard of", hears(t, r, "dead:1"))
	m.FastForward(10 * time.Second)
	await(t, "the node is not heard of any more", hears(t, r))
	if m.HGet("{chat}:nodes", "dead-0") != "" {
		t.Error("the dead node is still on the list")
	}
}

// Redis may go and come back empty: reports come back by themselves.
func TestRedisGoesAndComes(t *testing.T) {
	m := miniredis.RunT(t)
	one, _ := run(t, m, Config{}, "a:3000")
	two, _ := run(t, m, Config{}, "b:3000")
	await(t, "one hears of two", hears(t, one, "b:3000"))
	m.Close()
	if _, err := one.Others(t.Context()); err == nil {
		t.Error("no error while redis is away")
	}
	m.FlushAll()
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	await(t, "one hears of two again", hears(t, one, "b:3000"))
	await(t, "two hears of one again", hears(t, two, "a:3000"))
}

// A refusal is logged once, and not for good.
func TestRedisRefuses(t *testing.T) {
	m := miniredis.RunT(t)
	var log lockedBuffer
	m.SetError("LOADING Redis is loading the dataset in memory")
	one, _ := run(t, m, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "a:3000")
	if _, err := one.Others(t.Context()); err == nil || log.String() != "" {
		t.Errorf("a redis that is not ready: error %v, log %q; want an error and no line in the log", err, log.String())
	}
	m.SetError("NOPERM this user has no permissions")
	await(t, "the refusal is logged", func() bool { return strings.Contains(log.String(), "NOPERM") })
	m.SetError("")
	two, _ := run(t, m, Config{}, "b:3000")
	await(t, "two hears of one after the refusals", hears(t, two, "a:3000"))
	m.SetError("NOPERM this user has no permissions")
	if _, err := one.Others(t.Context()); err == nil {
		t.Error("no error while redis refuses")
	}
	m.SetError("")
	await(t, "two hears of one after more refusals", hears(t, two, "a:3000"))
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("the log has %d lines, want one: %s", n, log.String())
	}
}

// A panic costs one report, and the next one is written.
func TestReportsPanic(t *testing.T) {
	m := miniredis.RunT(t)
	recorder := panics.New(nil)
	one := New(&redis.Options{Addr: m.Addr()}, Config{Interval: time.Millisecond, Panics: recorder})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	calls := 0
	running.Go(func() {
		one.Run(ctx, func() map[string]Report {
			if calls++; calls%2 == 1 {
				panic("the figures broke")
			}
			return map[string]Report{"0": {"a:3000", []byte("data of a:3000")}}
		})
	})
	two, _ := run(t, m, Config{}, "b:3000")
	await(t, "two hears of one", hears(t, two, "a:3000"))
	cancel()
	running.Wait()
	if n := recorder.Counts()[panics.Report]; int(n) != (calls+1)/2 {
		t.Errorf("%d panics were counted after %d calls, every other of which panics", n, calls)
	}
	await(t, "two hears of one no more", hears(t, two))
}

// A Redis that accepts connections and never answers holds nobody up.
func TestSilentRedis(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 100)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	})
	r := New(&redis.Options{Addr: l.Addr().String()}, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		r.Run(ctx, func() map[string]Report { return map[string]Report{"0": {"a:1", []byte("data")}} })
	})
	silent := <-accepted // the report is on its way
	cancel()
	running.Wait()
	if _, err := r.Others(ctx); err == nil {
		t.Error("no error from a register that has ended")
	}
	l.Close()
	accepting.Wait()
	silent.Close()
	for c := range accepted {
		c.Close()
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

//go:build e2e

package adapter

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a real redis-server of the test's own.
type server struct {
	addr, sock, dir string
	args            []string
	cmd             *exec.Cmd
}

func realRedis(t *testing.T, args ...string) *server {
	t.Helper()
	// Not t.TempDir: a socket's path may have no more than 107 bytes.
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: freeAddr(t), dir: dir, sock: filepath.Join(dir, "sock"), args: args}
	s.start(t)
	t.Cleanup(func() {
		s.kill()
		os.RemoveAll(dir)
	})
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	port := s.addr[len("127.0.0.1:"):]
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--unixsocket", s.sock,
		"--dir", s.dir, "--save", "", "--logfile", filepath.Join(s.dir, "log")}, s.args...)
	s.cmd = exec.Command("redis-server", args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("these tests need redis-server: %v", err)
	}
	c := s.client(t)
	defer c.Close()
	await(t, "redis-server", func() bool { return c.Ping(context.Background()).Err() == nil })
}

// kill ends it without a word, as kill -9 does.
func (s *server) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

func (s *server) restart(t *testing.T) {
	t.Helper()
	s.kill()
	s.start(t)
}

func (s *server) client(t *testing.T) *redis.Client {
	return redis.NewClient(at(s.addr))
}

func TestRealRestartWithLinesWaiting(t *testing.T) {
	cfg, book := reported()
	s := realRedis(t)
	n := start(t, at(s.addr), cfg).waitReady(t)
	n.say(t, numbered(1, 10)...)
	n.wait(t, 10)
	await(t, "all answered", func() bool { return n.Stats().Published == 10 })

	s.kill()
	await(t, "the line that redis is away", func() bool { return book.count("redis is unreachable") > 0 })
	n.say(t, numbered(11, 2000)...)
	s.start(t)
	if got := n.wait(t, 2000); !slices.Equal(got, numbered(1, 2000)) {
		t.Errorf("heard %.300q", got)
	}
	onceEach(t, book, "lines_waited=1990")
}

// Redis restarts while nobody speaks, again and again: the publisher's idle
// connection is stale each time, and the next line is not lost. IdleCheck is
// out of the way, so that what is tested is the look at the socket.
func TestRealRestartWhileIdle(t *testing.T) {
	for _, unix := range []bool{false, true} {
		t.Run(fmt.Sprintf("unix=%t", unix), func(t *testing.T) {
			cfg := quick()
			cfg.IdleCheck = time.Hour
			s := realRedis(t)
			opts := at(s.addr)
			if unix {
				opts = at(s.sock)
			}
			n := start(t, opts, cfg).waitReady(t)
			for i := range 10 {
				n.say(t, "line")
				n.wait(t, i+1)
				await(t, "the answer", func() bool { return n.Stats().Published == int64(i+1) })
				s.restart(t)
				await(t, "the subscription", func() bool { return n.Stats().Reconnects == int64(i+1) })
			}
			if st := n.Stats(); st.Dropped != (Dropped{}) {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

// The publisher's connection alone is lost, so that no subscription tells it.
func TestRealStaleConnection(t *testing.T) {
	cfg, book := reported()
	cfg.IdleCheck = time.Hour
	s := realRedis(t)
	n := start(t, at(s.addr), cfg).waitReady(t)
	c := s.client(t)
	defer c.Close()
	for i := range 20 {
		n.say(t, fmt.Sprint(i))
		n.wait(t, i+1)
		await(t, "the answer", func() bool { return n.Stats().Published == int64(i+1) })
		if err := c.ClientKillByFilter(context.Background(), "type", "normal", "skipme", "yes").Err(); err != nil {
			t.Fatal(err)
		}
	}
	if st := n.Stats(); st.Dropped != (Dropped{}) || st.Reconnects != 0 {
		t.Errorf("stats %+v", st)
	}
	if book.String() != "" {
		t.Errorf("logged:\n%s", book)
	}
}

// A script keeps Redis busy in the middle of a flood of lines.
func TestRealBusy(t *testing.T) {
	cfg, book := reported()
	s := realRedis(t, "--lua-time-limit", "1")
	n := start(t, at(s.addr), cfg).waitReady(t)
	c := s.client(t)
	defer c.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Eval(context.Background(), "while true do end", nil)
	}()
	total := 0
	for book.count("BUSY") == 0 {
		n.say(t, numbered(total+1, total+1000)...)
		total += 1000
		await(t, "progress or refusal", func() bool {
			return n.Stats().Waiting < 5000 || book.count("BUSY") > 0
		})
	}
	n.say(t, numbered(total+1, total+5000)...)
	total += 5000
	killer := s.client(t)
	defer killer.Close()
	await(t, "the end of the script", func() bool {
		return killer.ScriptKill(context.Background()).Err() == nil
	})
	<-ended
	if got := n.wait(t, total); !slices.Equal(got, numbered(1, total)) {
		t.Errorf("heard %d lines, not those, or not in order", len(got))
	}
	await(t, "all counted", func() bool { return n.Stats().Published == int64(total) })
	if st := n.Stats(); st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

// Two nodes; Redis restarts under a stream of lines. Lines may be lost, but
// none is doubled or overtaken, and every one is accounted for.
func TestRealRestartUnderLoad(t *testing.T) {
	s := realRedis(t)
	cfg := quick()
	cfg.ResumeDelay = 0 // the default, bounded by BackoffMax
	a := start(t, at(s.addr), cfg).waitReady(t)
	b := start(t, at(s.addr), cfg).waitReady(t)
	const total = 30000
	for i := 1; i <= total; i++ {
		a.say(t, fmt.Sprint(i))
		if i%10000 == 5000 {
			s.restart(t)
		}
	}
	await(t, "the end of the queue", func() bool { return a.Stats().Waiting == 0 })
	st := a.Stats()
	if got := st.Published + st.Dropped.Unanswered; got != total || st.Dropped.Refused != 0 {
		t.Errorf("stats %+v do not sum up to %d", st, total)
	}
	for _, n := range []*node{a, b} {
		last := 0
		await(t, "the last line", func() bool { l := n.all(); return len(l) > 0 && l[len(l)-1] == fmt.Sprint(total) })
		for _, line := range n.all() {
			var i int
			fmt.Sscan(line, &i)
			if i <= last {
				t.Fatalf("%d came after %d", i, last)
			}
			last = i
		}
	}
}

// A user who may publish and subscribe, but nothing else.
func TestRealNarrowPermissions(t *testing.T) {
	s := realRedis(t)
	c := s.client(t)
	defer c.Close()
	err := c.Do(context.Background(), "acl", "setuser", "chat", "on", ">hunter2", "&chat", "+publish", "+subscribe").Err()
	if err != nil {
		t.Fatal(err)
	}
	opts := at(s.addr)
	opts.Username, opts.Password = "chat", "hunter2"
	n := start(t, opts, quick()).waitReady(t)
	n.say(t, numbered(1, 5000)...)
	if got := n.wait(t, 5000); !slices.Equal(got, numbered(1, 5000)) {
		t.Errorf("heard %d lines, not those, or not in order", len(got))
	}
}

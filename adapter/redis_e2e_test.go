//go:build e2e

package adapter

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

func TestRealRestartWithLinesWaiting(t *testing.T) {
	cfg, book := reported()
	s := realRedis(t)
	n := start(t, at(s.addr), cfg).waitReady(t)
	n.say(t, numbered(1, 10)...)
	n.wait(t, 10)
	await(t, "all answered", func() bool { return n.Stats().Published == 10 })

	s.kill()
	await(t, "the line that redis is unavailable", func() bool { return book.count("redis is unavailable") > 0 })
	n.say(t, numbered(11, 2000)...)
	s.start(t)
	if got := n.wait(t, 2000); !slices.Equal(got, numbered(1, 2000)) {
		t.Errorf("heard %.300q", got)
	}
	await(t, "the line that redis is back", func() bool { return book.count("redis is back") == 1 })
	if book.count("redis is unavailable") != 1 || book.count("redis has lost messages, publishing them again\" messages=10") != 1 {
		t.Errorf("log:\n%s", book)
	}
}

// Redis restarts while nobody speaks, again and again: the publisher's idle
// connection is stale each time, and the next line is not lost.
func TestRealRestartWhileIdle(t *testing.T) {
	for _, unix := range []bool{false, true} {
		t.Run(fmt.Sprintf("unix=%t", unix), func(t *testing.T) {
			cfg := quick()
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

// Two nodes; Redis restarts empty under a stream of lines.
func TestRealRestartUnderLoad(t *testing.T) {
	s := realRedis(t)
	a := start(t, at(s.addr), quick()).waitReady(t)
	b := start(t, at(s.addr), quick()).waitReady(t)
	const total = 30000
	for i := 1; i <= total; i++ {
		a.say(t, fmt.Sprint(i))
		if i%10000 == 5000 {
			s.restart(t)
		}
	}
	for name, n := range map[string]*node{"a": a, "b": b} {
		if got := n.wait(t, total); !slices.Equal(got, numbered(1, total)) {
			t.Errorf("%s heard %d lines, not those, or not in order", name, len(got))
		}
	}
	if st := a.Stats(); st.Plain != 0 || st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

// The scripts on a real Redis do what the model does.
func TestRealScripts(t *testing.T) {
	c := realRedis(t).client(t)
	defer c.Close()
	compareWithModel(t, c, 100)
	if err := c.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	checkLogBound(t, c)
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

// Redis answers PING behind the messages, so that after Flush all lines said before are
// here, whether or not the log is used.
func TestRealFlush(t *testing.T) {
	s := realRedis(t)
	for _, mode := range []Mode{Log, Plain} {
		cfg := quick()
		cfg.Mode = mode
		n := start(t, at(s.addr), cfg).waitReady(t)
		for i := range 200 {
			n.say(t, numbered(10*i, 10*i+9)...)
			if err := receive(t, "the end of Flush", n.flush(t.Context())); err != nil {
				t.Fatalf("%v: Flush: %v", mode, err)
			}
			if got, want := len(n.all()), 10*(i+1); got != want {
				t.Fatalf("%v: after Flush the node has heard %d lines, want %d", mode, got, want)
			}
		}
		n.stop()
	}
}

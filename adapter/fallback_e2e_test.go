//go:build e2e

package adapter

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis refuses the log for a reason, and later does not: the chat goes on by
// plain PUBLISH, the log says why, and it comes back.
func TestRealFallback(t *testing.T) {
	config := func(name, value string) func(*testing.T, *redis.Client) {
		return func(t *testing.T, c *redis.Client) {
			t.Helper()
			if err := c.ConfigSet(context.Background(), name, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	acl := func(rules ...any) func(*testing.T, *redis.Client) {
		return func(t *testing.T, c *redis.Client) {
			t.Helper()
			if err := c.Do(context.Background(), append([]any{"acl", "setuser", "default"}, rules...)...).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, words   string
		refuse, allow func(*testing.T, *redis.Client)
		cut           bool // Redis ends the subscriptions, too
	}{
		{"over maxmemory", "over maxmemory", config("maxmemory", "1"), config("maxmemory", "0"), false},
		{"too few replicas", "too few replicas", config("min-replicas-to-write", "1"), config("min-replicas-to-write", "0"), false},
		{"without XADD", "lacks a permission", acl("-xadd"), acl("+xadd"), false},
		{"without PUBLISH to announcements", "lacks a permission", acl("resetchannels", "&chat"), acl("allchannels"), true},
		{"without the keys", "lacks a permission", acl("resetkeys"), acl("allkeys"), false},
		{"without scripts", "lacks a permission", acl("-evalsha", "-eval"), acl("+evalsha", "+eval"), false},
		{"a key of another type", "holds something else",
			func(t *testing.T, c *redis.Client) {
				t.Helper()
				keys := namesOf("chat").keys
				if err := c.Eval(context.Background(), "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 1)", keys[:1]).Err(); err != nil && err != redis.Nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, c *redis.Client) {
				t.Helper()
				c.Del(context.Background(), namesOf("chat").keys[0])
			}, false},
	} {
		t.Run(c.name, func(t *testing.T) { fallsBack(t, c.words, c.refuse, c.allow, c.cut) })
	}
}

func fallsBack(t *testing.T, words string, refuse, allow func(*testing.T, *redis.Client), cut bool) {
	s := realRedis(t)
	operator := s.client(t)
	defer operator.Close()
	listener := operator.Subscribe(context.Background(), "chat")
	defer listener.Close()
	if _, err := listener.Receive(context.Background()); err != nil {
		t.Fatal(err)
	}
	cfg, book := reported()
	cfg.ProbeInterval = 50 * time.Millisecond
	showOnFailure(t, book)
	a, b := start(t, at(s.addr), cfg).waitReady(t), start(t, at(s.addr), cfg).waitReady(t)
	say := func(from, to int) {
		t.Helper()
		for _, line := range numbered(from, to) {
			a.say(t, line)
		}
		a.wait(t, to)
		b.wait(t, to)
	}
	say(1, 50)
	refuse(t, operator)
	if cut {
		await(t, "the subscriptions", func() bool { return a.Stats().Reconnects == 1 && b.Stats().Reconnects == 1 })
	}
	say(51, 100)
	await(t, "plain PUBLISH", func() bool { return a.Stats().Mode == Plain })
	say(101, 150)
	if !strings.Contains(book.String(), words) {
		t.Errorf("the log does not say %q:\n%s", words, book)
	}
	allow(t, operator)
	await(t, "the log", func() bool {
		heard, err := operator.PubSubNumSub(context.Background(), namesOf("chat").lines).Result()
		return err == nil && heard[namesOf("chat").lines] == 2 && a.Stats().Mode == Log && b.Stats().Mode == Log
	})
	say(151, 200)
	for name, n := range map[string]*node{"the speaker": a, "the other node": b} {
		if got := n.all(); !slices.Equal(got, numbered(1, 200)) {
			t.Errorf("%s heard %d lines, not 200, or not in order", name, len(got))
		}
	}
	for _, want := range numbered(1, 200) {
		msg, err := listener.ReceiveMessage(context.Background())
		if err != nil || msg.Payload != want {
			t.Fatalf("a plain subscriber heard %q (%v), want %q", msg.Payload, err, want)
		}
	}
	if st := a.Stats(); st.Dropped != (Dropped{}) || st.Plain == 0 {
		t.Errorf("stats %+v", st)
	}
}

// With Mode Log lines wait while Redis refuses the log.
func TestRealLogInsists(t *testing.T) {
	s := realRedis(t)
	operator := s.client(t)
	defer operator.Close()
	cfg, book := reported()
	cfg.Mode = Log
	n := start(t, at(s.addr), cfg).waitReady(t)
	n.say(t, numbered(1, 10)...)
	n.wait(t, 10)
	if err := operator.ConfigSet(context.Background(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	n.say(t, numbered(11, 20)...)
	await(t, "the reason", func() bool { return book.count("over maxmemory") == 1 })
	if st := n.Stats(); st.Mode != Log || st.Waiting != 10 {
		t.Errorf("stats %+v, want 10 lines waiting", st)
	}
	if err := operator.ConfigSet(context.Background(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if got := n.wait(t, 20); !slices.Equal(got, numbered(1, 20)) {
		t.Errorf("heard %q", got)
	}
}

// The permissions that docs/relay.md lists are enough.
func TestRealListedPermissions(t *testing.T) {
	rules := documentedRules(t)
	s := realRedis(t)
	operator := s.client(t)
	defer operator.Close()
	args := []any{"acl", "setuser", "relay", "on", ">hunter2"}
	for _, rule := range rules {
		args = append(args, rule)
	}
	if err := operator.Do(context.Background(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	opts := at(s.addr)
	opts.Username, opts.Password = "relay", "hunter2"
	cfg, book := reported()
	cfg.Mode, cfg.LogBytes = Log, 48<<10 // less than all lines take
	n := start(t, opts, cfg).waitReady(t)
	showOnFailure(t, book)
	n.say(t, numbered(1, 500)...)
	n.wait(t, 500)
	if err := operator.ClientKillByFilter(context.Background(), "user", "relay").Err(); err != nil {
		t.Fatal(err)
	}
	n.say(t, numbered(501, 1000)...)
	if got := n.wait(t, 1000); !slices.Equal(got, numbered(1, 1000)) {
		t.Errorf("heard %d lines, not those, or not in order", len(got))
	}
	if strings.Contains(book.String(), "NOPERM") {
		t.Errorf("log:\n%s", book)
	}
}

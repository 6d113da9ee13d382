package adapter

import (
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for url, want := range map[string]string{
		"redis://localhost":                  "tcp localhost:6379",
		"redis://user:hunter2@host:7000/3":   "tcp host:7000",
		"rediss://:hunter2@host":             "tcp host:6379",
		"unix:///run/redis.sock?db=2":        "unix /run/redis.sock",
		"redis://[::1]:6380?dial_timeout=3s": "tcp [::1]:6380",
	} {
		opts, err := ParseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := opts.Network + " " + opts.Addr; got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
		if secure := strings.HasPrefix(url, "rediss"); secure != (opts.TLSConfig != nil) {
			t.Errorf("%s: TLS %t", url, !secure)
		}
	}
}

// A URL with master_name asks Sentinel; only the master's own credentials go to
// the master.
func TestParseSentinelURL(t *testing.T) {
	opts, err := ParseURL("redis://watch:secret@s1:26379/2?master_name=chat&addr=s2:26380&username=relay&password=hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if opts.Addr != "chat" || opts.DB != 2 || opts.Username != "relay" || opts.Password != "hunter2" || opts.Dialer == nil {
		t.Errorf("%+v", opts)
	}
	for _, url := range []string{
		"redis://:hunter2@s1:26379/x?master_name=chat",
		"redis://:hunter2@s1:26379/0?master_name=chat&nonsense=hunter2",
		"unix://:hunter2@s1/0?master_name=chat",
	} {
		if _, err := ParseURL(url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// The Sentinels are asked in turn, and their answer is dialed.
func TestSentinelIsAsked(t *testing.T) {
	m := mini(t)
	sentinel := newFake(t)
	host, port, _ := net.SplitHostPort(m.Addr())
	sentinel.behave(func(cmd []string) string {
		if is(cmd, "sentinel") {
			return "*2\r\n" + bulk(host) + bulk(port)
		}
		return ""
	})
	opts, err := ParseURL("redis://" + freeAddr(t) + "/0?master_name=chat&addr=" + sentinel.addr)
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, opts, quick()).waitReady(t)
	n.say(t, "x")
	n.wait(t, 1)
}

// Slips of the hand must not bring the password, hunter2, into the error.
func TestParseURLHidesPassword(t *testing.T) {
	for _, url := range []string{
		"redis://:hunter2",
		"redis://:hunter2@host:port/0",
		"redis://:%zhunter2@host",
		"redis://user:hunter2/x@host",
		"redis://user:1/hunter2@host",
		"redis://user:1/hunter2/x@host",
		"redis://:?hunter2=1@host",
		"redis://us er:hunter2@host",
		"redis://:hunter2@host/notanumber",
		"redis://:hunter2@host\n",
		"http://:hunter2@host",
		":hunter2@host",
		"",
	} {
		_, err := ParseURL(url)
		if err == nil {
			t.Errorf("%q is taken", url)
		} else if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "want redis://") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := ParseURL("http://host"); !strings.Contains(err.Error(), "scheme: http") {
		t.Errorf("a harmless URL's error does not say what is wrong: %v", err)
	}
}

func TestNoPasswordInLogs(t *testing.T) {
	cfg, book := reported()
	cfg.DrainTimeout = -1
	RouteLogs(cfg.Logger)
	t.Cleanup(func() { RouteLogs(slog.New(slog.DiscardHandler)) })
	m := mini(t)
	m.RequireAuth("right")
	for _, addr := range []string{m.Addr(), freeAddr(t)} {
		opts, err := ParseURL("redis://:hunter2@" + addr)
		if err != nil {
			t.Fatal(err)
		}
		before := book.count("redis is unavailable")
		n := start(t, opts, cfg)
		n.say(t, "x")
		await(t, "a report", func() bool { return book.count("redis is unavailable") > before })
		n.stop()
	}
	if !strings.Contains(book.String(), "WRONGPASS") || strings.Contains(book.String(), "hunter2") {
		t.Errorf("log:\n%s", book)
	}
}

func TestPasswordWorks(t *testing.T) {
	m := mini(t)
	m.RequireUserAuth("user", "hunter2")
	opts, err := ParseURL("redis://user:hunter2@" + m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, opts, quick()).waitReady(t)
	n.say(t, "x")
	n.wait(t, 1)
}

// documentedRules are the ACL rules of a user for the relay in docs/relay.md.
func documentedRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/relay.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := strings.Cut(string(text), "`+@connection ")
	rules, _, closed := strings.Cut(rules, "`")
	if !found || !closed {
		t.Fatal("docs/relay.md lists no permissions")
	}
	return append([]string{"+@connection"}, strings.Fields(rules)...)
}

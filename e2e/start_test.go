//go:build e2e

package e2e

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What cannot work is said in one clear line, and the exit status tells of it.
func TestStartErrors(t *testing.T) {
	needsTsunagu(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, takenPort, _ := net.SplitHostPort(taken.Addr().String())
	free := freePorts(t, 1)[0]
	redis := startRedis(t)
	for _, c := range []struct {
		name string
		args []string
		env  string
		say  string // what the line has to name
	}{
		{name: "port in use", args: []string{"-host", "127.0.0.1", "-port", takenPort, "-redis", redis.url()}, say: takenPort},
		{name: "second port in use", args: []string{"-host", "127.0.0.1", "-port", free + "," + takenPort, "-redis", redis.url()}, say: takenPort},
		{name: "no port", args: []string{"-port", "http", "-redis", redis.url()}, say: "http"},
		{name: "port too high", args: []string{"-port", "70000", "-redis", redis.url()}, say: "70000"},
		{name: "address of another machine", args: []string{"-host", "192.0.2.1", "-port", free, "-redis", redis.url()}, say: "192.0.2.1"},
		{name: "unknown scheme", args: []string{"-port", free, "-redis", "http://user:secret@127.0.0.1"}, say: "redis"},
		{name: "broken URL", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1:port"}, say: "redis"},
		{name: "broken URL with a control byte", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1/\x7f"}, say: "redis"},
		{name: "database that is no number", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1/chat"}, say: "redis"},
		{name: "broken URL in REDIS_URL", args: []string{"-port", free}, env: "REDIS_URL=nonsense://user:secret@host", say: "redis"},
		{name: "broken PORT", args: []string{"-redis", redis.url()}, env: "PORT=many", say: "many"},
		{name: "unknown flag", args: []string{"-colour"}, say: "colour"},
		{name: "left over argument", args: []string{"-port", free, "serve"}, say: "serve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := tsunaguCommand(c.args...)
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			p := start(t, "tsunagu", cmd)
			status, said := p.ends(t, patience), p.errout.String()
			if status != 1 && status != 2 {
				t.Errorf("exit status %d, want 1 or 2", status)
			}
			if !strings.Contains(strings.ToLower(said), c.say) {
				t.Errorf("standard error does not name %q: %s", c.say, said)
			}
			if strings.Contains(said, "secret") || strings.Contains(p.out.String(), "secret") {
				t.Errorf("the password is shown: %s", said)
			}
			if strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
				t.Errorf("a stack trace is no error message: %s", said)
			}
			// An unknown flag may be followed by the list of those known.
			if lines := strings.Count(said, "\n"); lines != 1 && c.name != "unknown flag" {
				t.Errorf("%d lines on standard error, want one: %s", lines, said)
			}
			if strings.Contains(p.out.String(), "listening") {
				t.Errorf("it said that it listens: %s", p.out.String())
			}
		})
	}
}

// A password that does work is not shown either.
func TestPasswordsAreNotLogged(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	url := strings.Replace(redis.url(), "redis://", "redis://default:topsecret@", 1)
	mustOutput(t, "redis-cli", "-p", redis.port, "config", "set", "requirepass", "topsecret")
	nodes := startTsunagu(t, 1, "-redis", url)
	hall := startHall(t)
	clients := []*client{hall.join(t, "2.1.1", nodes[0], "websocket")}
	everyoneHears(t, clients, talk(t, clients, func(c *client) []string { return numbered(c, "hello", 1) })...)
	redis.stop(t)
	eventually(t, patience, func() string {
		if strings.Contains(strings.ToLower(nodes[0].proc.errout.String()), "redis") {
			return ""
		}
		return "standard error does not say that Redis is gone"
	})
	if said := nodes[0].proc.errout.String() + nodes[0].proc.out.String(); strings.Contains(said, "topsecret") {
		t.Errorf("the password is shown: %s", said)
	}
}

// The environment sets what no flag does.
func TestEnvironment(t *testing.T) {
	needsTsunagu(t)
	redis, ports := startRedis(t), freePorts(t, 2)
	cmd := tsunaguCommand("-port", ports[1])
	cmd.Env = append(cmd.Env, "PORT="+ports[0], "HOST=127.0.0.1", "REDIS_URL="+redis.url())
	p := start(t, "tsunagu", cmd)
	p.says(t, "listening on localhost:"+ports[1])
	if p.out.hasLine("listening on localhost:" + ports[0]) {
		t.Error("PORT won over -port")
	}
	hall := startHall(t)
	c := hall.join(t, "2.1.1", node{ports[1], p}, "websocket")
	redis.publish(t, "from REDIS_URL")
	everyoneHears(t, []*client{c}, speech{"from REDIS_URL"})
}

// Asked to stop, it does so at once and with status 0, whoever is connected.
func TestSignals(t *testing.T) {
	needsTsunagu(t)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			redis := startRedis(t)
			nodes := startNodes(t, 2, redis)
			hall := startHall(t)
			clients := []*client{
				hall.join(t, "2.1.1", nodes[0], "websocket"),
				hall.join(t, "2.1.1", nodes[1], "polling"),
				hall.join(t, "2.5.0", nodes[1], "polling", "websocket"),
			}
			everyoneHears(t, clients, talk(t, clients, func(c *client) []string { return numbered(c, "goodbye", 2) })...)
			nodes[0].proc.signal(t, sig)
			if status := nodes[0].proc.ends(t, 5*time.Second); status != 0 {
				t.Errorf("exit status %d, want 0", status)
			}
			if said := nodes[0].proc.errout.String(); strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
				t.Errorf("it stopped with a stack trace: %s", said)
			}
			for _, c := range clients {
				c.awaits(t, "disconnect", "")
			}
		})
	}
}

// The same with a Redis that is not there, and before any Redis was seen.
func TestStopsWithoutRedis(t *testing.T) {
	needsTsunagu(t)
	nodes := startTsunagu(t, 1, "-redis", "redis://127.0.0.1:"+freePorts(t, 1)[0])
	nodes[0].proc.signal(t, syscall.SIGTERM)
	if status := nodes[0].proc.ends(t, 5*time.Second); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

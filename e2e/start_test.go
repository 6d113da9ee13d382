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

// A wrong setting is reported in one clear line, and by the exit status.
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
		want string // the line has to name it
	}{
		{name: "port in use", args: []string{"-host", "127.0.0.1", "-port", takenPort, "-redis", redis.url()}, want: takenPort},
		{name: "second port in use", args: []string{"-host", "127.0.0.1", "-port", free + "," + takenPort, "-redis", redis.url()}, want: takenPort},
		{name: "no port", args: []string{"-port", "http", "-redis", redis.url()}, want: "http"},
		{name: "port too high", args: []string{"-port", "70000", "-redis", redis.url()}, want: "70000"},
		{name: "address of another machine", args: []string{"-host", "192.0.2.1", "-port", free, "-redis", redis.url()}, want: "192.0.2.1"},
		{name: "unknown scheme", args: []string{"-port", free, "-redis", "http://user:secret@127.0.0.1"}, want: "redis"},
		{name: "broken URL", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1:port"}, want: "redis"},
		{name: "broken URL with a control byte", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1/\x7f"}, want: "redis"},
		{name: "database that is no number", args: []string{"-port", free, "-redis", "redis://user:secret@127.0.0.1/chat"}, want: "redis"},
		{name: "broken URL in REDIS_URL", args: []string{"-port", free}, env: "REDIS_URL=nonsense://user:secret@host", want: "redis"},
		{name: "broken PORT", args: []string{"-redis", redis.url()}, env: "PORT=many", want: "many"},
		{name: "unknown flag", args: []string{"-colour"}, want: "colour"},
		{name: "left over argument", args: []string{"-port", free, "serve"}, want: "serve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := tsunaguCommand(c.args...)
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			p := start(t, "tsunagu", cmd)
			status, errors := p.exits(t, waitLimit), p.errout.String()
			if status != 1 && status != 2 {
				t.Errorf("exit status %d, want 1 or 2", status)
			}
			if !strings.Contains(strings.ToLower(errors), c.want) {
				t.Errorf("standard error does not name %q: %s", c.want, errors)
			}
			if strings.Contains(errors, "secret") || strings.Contains(p.out.String(), "secret") {
				t.Errorf("the password is shown: %s", errors)
			}
			if strings.Contains(errors, "goroutine ") || strings.Contains(errors, "panic") {
				t.Errorf("a stack trace is no error message: %s", errors)
			}
			// An unknown flag may be followed by the list of those known.
			if lines := strings.Count(errors, "\n"); lines != 1 && c.name != "unknown flag" {
				t.Errorf("%d lines on standard error, want one: %s", lines, errors)
			}
			if strings.Contains(p.out.String(), "listening") {
				t.Errorf("it printed that it listens: %s", p.out.String())
			}
		})
	}
}

// A correct password is not logged either.
func TestPasswordsAreNotLogged(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	url := strings.Replace(redis.url(), "redis://", "redis://default:topsecret@", 1)
	mustOutput(t, "redis-cli", "-p", redis.port, "config", "set", "requirepass", "topsecret")
	nodes := startTsunagu(t, 1, "-redis", url)
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", nodes[0], "websocket")}
	allReceive(t, clients, chatNumbered(t, clients, "hello", 1)...)
	redis.stop(t)
	awaitRedisError(t, nodes[0], 0)
	if output := nodes[0].proc.errout.String() + nodes[0].proc.out.String(); strings.Contains(output, "topsecret") {
		t.Errorf("the password is shown: %s", output)
	}
}

// A flag wins over its environment variable.
func TestEnvironment(t *testing.T) {
	needsTsunagu(t)
	redis, ports := startRedis(t), freePorts(t, 2)
	cmd := tsunaguCommand("-port", ports[1])
	cmd.Env = append(cmd.Env, "PORT="+ports[0], "HOST=127.0.0.1", "REDIS_URL="+redis.url())
	p := start(t, "tsunagu", cmd)
	p.prints(t, "listening on localhost:"+ports[1])
	if p.out.hasLine("listening on localhost:" + ports[0]) {
		t.Error("PORT won over -port")
	}
	host := startClientHost(t)
	c := host.connect(t, "2.1.1", node{ports[1], p}, "websocket")
	redis.publish(t, "from REDIS_URL")
	allReceive(t, []*client{c}, sequence{"from REDIS_URL"})
}

// A signal stops the process at once, with status 0, although clients are connected.
func TestSignals(t *testing.T) {
	needsTsunagu(t)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			redis := startRedis(t)
			nodes := startNodes(t, 2, redis)
			host := startClientHost(t)
			clients := []*client{
				host.connect(t, "2.1.1", nodes[0], "websocket"),
				host.connect(t, "2.1.1", nodes[1], "polling"),
				host.connect(t, "2.5.0", nodes[1], "polling", "websocket"),
			}
			allReceive(t, clients, chatNumbered(t, clients, "goodbye", 2)...)
			nodes[0].proc.signal(t, sig)
			if status := nodes[0].proc.exits(t, 5*time.Second); status != 0 {
				t.Errorf("exit status %d, want 0", status)
			}
			if errors := nodes[0].proc.errout.String(); strings.Contains(errors, "goroutine ") || strings.Contains(errors, "panic") {
				t.Errorf("it stopped with a stack trace: %s", errors)
			}
			for _, c := range clients {
				c.awaits(t, "disconnect", "")
			}
		})
	}
}

// The same without a Redis.
func TestStopsWithoutRedis(t *testing.T) {
	needsTsunagu(t)
	nodes := startTsunagu(t, 1, "-redis", "redis://127.0.0.1:"+freePorts(t, 1)[0])
	nodes[0].proc.signal(t, syscall.SIGTERM)
	if status := nodes[0].proc.exits(t, 5*time.Second); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

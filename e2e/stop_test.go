//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clientVersions are the versions of the JavaScript client with which the tests run.
var clientVersions = []string{"1.7.4", "2.0.4", "2.1.1", "2.5.0", "3.1.3", "4.8.4"}

// A node that stops tells every client to go, in a way after which it connects again.
func TestClientsReturnAfterAStop(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := startTsunagu(t, 1, "-redis", redis.url())
	host := startClientHost(t)
	var clients []*client
	for _, version := range clientVersions {
		for _, transports := range everyTransport {
			clients = append(clients, host.open(t, version, nodes[0], transports...))
		}
	}
	for _, c := range clients {
		c.awaits(t, "connect", "")
		if strings.Contains(c.name, "polling+websocket") {
			c.awaits(t, "transport", "websocket")
		}
	}
	redis.publish(t, "the last line")
	nodes[0].proc.signal(t, syscall.SIGTERM)
	if status := nodes[0].proc.exits(t, 5*time.Second); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	again := start(t, "tsunagu again", tsunaguCommand("-host", "127.0.0.1", "-port", nodes[0].port, "-redis", redis.url()))
	again.prints(t, "listening on localhost:"+nodes[0].port)
	for _, c := range clients {
		eventually(t, waitLimit, func() string {
			if n := len(c.events(t, "connect")); n < 2 {
				return c.name + " has not connected again"
			}
			return ""
		})
		if why := c.events(t, "disconnect"); !slices.Equal(why, []string{"transport close"}) {
			t.Errorf("%s was disconnected because of %q, want one transport close", c, why)
		}
		if got := c.received(t); !slices.Equal(got, []string{"the last line"}) {
			t.Errorf("%s received %q, want the last line", c, got)
		}
	}
}

// A second signal ends the process at once. The first waits for Redis, which hangs and
// has to take a line.
func TestSecondSignal(t *testing.T) {
	needsTsunagu(t)
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130} {
		redis := startRedis(t)
		nodes := startTsunagu(t, 1, "-redis", redis.url(), "-drain", "1h")
		c := startClientHost(t).connect(t, "4.8.4", nodes[0], "websocket")
		redis.proc.signal(t, syscall.SIGSTOP)
		c.chat(t, "waits for Redis")
		nodes[0].proc.signal(t, syscall.SIGTERM)
		eventually(t, waitLimit, func() string {
			if !strings.Contains(nodes[0].proc.errout.String(), "stopping") {
				return "the node does not log that it stops"
			}
			return ""
		})
		nodes[0].proc.mustRun(t)
		nodes[0].proc.signal(t, sig)
		if status := nodes[0].proc.exits(t, waitLimit); status != want {
			t.Errorf("exit status %d after a second signal, %v; want %d", status, sig, want)
		}
		redis.proc.signal(t, syscall.SIGCONT)
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A speaker speaks numbered lines and checks those that it receives.
type speaker interface {
	fmt.Stringer
	speak(t *testing.T, label string, lines, bytes int)
	// events are the values of all events of a name so far.
	events(t *testing.T, names ...string) []string
}

// Redis is away until the buffers of two nodes are full. The speakers are held up for longer than a client of 2.x waits for the
// answer to its ping. Nobody is disconnected, and everybody receives every line once and in order.
func TestFullBuffer(t *testing.T) {
	needsTsunagu(t)
	for _, outage := range []struct {
		name       string
		begin, end func(r *redisServer, t *testing.T)
	}{
		{
			"Redis hangs",
			func(r *redisServer, t *testing.T) { r.proc.signal(t, syscall.SIGSTOP) },
			func(r *redisServer, t *testing.T) { r.proc.signal(t, syscall.SIGCONT) },
		},
		{"Redis is killed", (*redisServer).stop, (*redisServer).start},
	} {
		t.Run(outage.name, func(t *testing.T) {
			t.Parallel()
			redis := startRedis(t)
			c := newFullBufferChat(t, redis)
			c.speakAll(t, "before", 20, 1000)
			outage.begin(redis, t)
			c.fillBuffers(t)
			c.wantHeldUp(t)
			outage.end(redis, t)
			c.awaitComplete(t, "during", c.speakers())
			c.speakAll(t, "after", 20, 1000)
			c.checkEvents(t)
			c.checkLogs(t)
		})
	}
}

// A fullBufferChat is two nodes with their clients. The first of the buffers is small, the second has the default size.
type fullBufferChat struct {
	nodes []node
	// The first speaker of each node fills its buffer. The others speak then.
	fillers, others []speaker
	listeners       []speaker // speak only before and after
}

func newFullBufferChat(t *testing.T, redis *redisServer) *fullBufferChat {
	t.Helper()
	small := startTsunagu(t, 1, "-redis", redis.url(), "-buffer", "1048576")[0]
	large := startTsunagu(t, 1, "-redis", redis.url())[0]
	host := startClientHost(t)
	const slow = 4 << 20 // bytes a second
	return &fullBufferChat{
		nodes:   []node{small, large},
		fillers: []speaker{dialRaw(t, small, "filler", 0), dialRaw(t, large, "filler", 0)},
		others: []speaker{
			host.audits(t, "1.7.4", small, "websocket"),
			host.audits(t, "2.1.1", small, "websocket"),
			host.audits(t, "2.1.1", small, "polling"),
			host.audits(t, "2.1.1", large, "websocket"),
			host.audits(t, "4.8.4", large, "websocket"),
		},
		listeners: []speaker{
			dialRaw(t, small, "slow listener", slow),
			dialRaw(t, large, "slow listener", slow),
			host.audits(t, "2.1.1", small, "websocket"),
			host.audits(t, "2.1.1", large, "polling"),
		},
	}
}

// audits connects a client that checks what it receives and, before 3.x, pings every second.
func (h *clientHost) audits(t *testing.T, version string, n node, transport string) *client {
	t.Helper()
	settings := map[string]any{"audit": true}
	if version < "3" {
		settings["pingInterval"] = rawPingInterval.Milliseconds()
	}
	c := h.openWith(t, settings, version, n, transport)
	c.awaits(t, "connect", "")
	return c
}

func (c *client) speak(t *testing.T, label string, lines, bytes int) {
	t.Helper()
	c.host.do(t, map[string]any{"do": "speak", "who": c.name, "label": label, "lines": lines, "bytes": bytes})
}

func (c *fullBufferChat) speakers() []speaker { return slices.Concat(c.fillers, c.others) }

func (c *fullBufferChat) everyone() []speaker { return append(c.speakers(), c.listeners...) }

// speakAll lets everyone speak, and waits until everyone has received all of it.
func (c *fullBufferChat) speakAll(t *testing.T, label string, lines, bytes int) {
	t.Helper()
	for _, s := range c.everyone() {
		s.speak(t, label, lines, bytes)
	}
	c.awaitComplete(t, label, c.everyone())
}

// fillBuffers lets the speakers speak more than the buffer and the events that a node holds for each of them, 1 MB.
func (c *fullBufferChat) fillBuffers(t *testing.T) {
	t.Helper()
	for i, megabytes := range []int{4, 20} {
		c.fillers[i].speak(t, "during", megabytes*64, 16<<10)
	}
	for _, n := range c.nodes {
		eventually(t, waitLimit, func() string {
			if !strings.Contains(n.proc.errout.String(), bufferFull) {
				return n.proc.name + " does not log that its buffer is full"
			}
			return ""
		})
	}
	for _, s := range c.others {
		s.speak(t, "during", 2*64, 16<<10)
	}
}

const bufferFull = "publish buffer full"

// wantHeldUp waits while the nodes keep the connections of those whom they do not read alive with noops, and goes on answering
// the pings of others.
func (c *fullBufferChat) wantHeldUp(t *testing.T) {
	t.Helper()
	noops := func(n int) {
		t.Helper()
		for _, s := range c.speakers() {
			eventually(t, waitLimit, func() string {
				if got := len(s.events(t, "noop")); got < n && !strings.HasPrefix(s.String(), "4") {
					return fmt.Sprintf("%s has received %d noops, want %d", s, got, n)
				}
				return ""
			})
		}
	}
	noops(1) // it is held up from now on
	pongs := map[speaker]int{}
	for _, s := range c.everyone() {
		pongs[s] = len(s.events(t, "pong"))
	}
	noops(3)
	for _, s := range c.speakers() {
		if n := len(s.events(t, "pong")); n > pongs[s] {
			t.Errorf("%s: the node answered %d pings although its buffer was full, so it still read from the client", s, n-pongs[s])
		}
	}
	for _, s := range c.listeners {
		eventually(t, waitLimit, func() string {
			if n := len(s.events(t, "pong")) - pongs[s]; n < 3 {
				return fmt.Sprintf("%s: the node answered %d pings while its buffer was full, want 3", s, n)
			}
			return ""
		})
	}
}

// awaitComplete waits until everyone has received the last line of each of these speakers.
func (c *fullBufferChat) awaitComplete(t *testing.T, label string, speakers []speaker) {
	t.Helper()
	eventually(t, 2*waitLimit, func() string {
		if c.checkEvents(t); t.Failed() {
			t.FailNow()
		}
		for _, listener := range c.everyone() {
			complete := listener.events(t, "complete")
			for _, s := range speakers {
				if name := label + ", " + s.String(); !slices.Contains(complete, name) {
					return fmt.Sprintf("%s has not received the last line of: %s", listener, name)
				}
			}
		}
		return ""
	})
}

// checkEvents wants no client to have lost its connection, or a line.
func (c *fullBufferChat) checkEvents(t *testing.T) {
	t.Helper()
	for _, s := range c.everyone() {
		if wrong := s.events(t, "wrong", "disconnect", "error", "connect_error"); len(wrong) > 0 {
			t.Errorf("%s: %q", s, wrong)
		}
	}
}

// checkLogs wants each node to have said once that its buffer is full, and to have lost nothing.
func (c *fullBufferChat) checkLogs(t *testing.T) {
	t.Helper()
	for _, n := range c.nodes {
		log := n.proc.errout.String()
		if got := strings.Count(log, bufferFull); got != 1 {
			t.Errorf("%s logged %d times that its buffer is full, want once:\n%s", n.proc.name, got, log)
		}
		if strings.Contains(log, "dropping") || strings.Contains(log, "lost: ") {
			t.Errorf("%s lost lines:\n%s", n.proc.name, log)
		}
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis goes and comes back: the node lives, says so, and the chat goes on.
func TestRedisStopsAndStarts(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := startNodes(t, 2, redis)
	hall := startHall(t)
	clients := []*client{hall.join(t, "2.1.1", nodes[0], "websocket"), hall.join(t, "2.1.1", nodes[1], "polling")}
	everyoneHears(t, clients, talk(t, clients, func(c *client) []string { return numbered(c, "before", 3) })...)

	before := len(nodes[0].proc.errout.String())
	redis.stop(t)
	eventually(t, patience, func() string {
		if said := nodes[0].proc.errout.from(before); !strings.Contains(strings.ToLower(said), "redis") {
			return fmt.Sprintf("Redis is gone, and all that standard error says is %q", said)
		}
		return ""
	})
	// Whether a line of now arrives is the relay's promise; here it may not harm anybody.
	away := talk(t, clients, func(c *client) []string { return numbered(c, "away", 3) })
	redis.start(t)
	chatsAgain(t, clients)

	after := talk(t, clients, func(c *client) []string { return numbered(c, "after", 10) })
	eventually(t, patience, func() string {
		for _, c := range clients {
			if missed := missing(c.heard(t), after); len(missed) > 0 {
				return fmt.Sprintf("%v missed %q", c, missed)
			}
		}
		return ""
	})
	for _, c := range clients {
		c.stayed(t)
		for i, line := range c.heard(t) {
			if slices.Contains(c.heard(t)[:i], line) {
				t.Errorf("%v heard twice: %q", c, line)
			}
		}
		for _, s := range slices.Concat(away, after) {
			inOrder(t, c, s)
		}
	}
	nodes[0].proc.lives(t)
}

// chatsAgain waits until a line of each client reaches all.
func chatsAgain(t *testing.T, clients []*client) {
	t.Helper()
	for _, speaker := range clients {
		var said []string
		last := time.Now()
		eventually(t, patience, func() string {
			if len(said) == 0 || time.Since(last) > 200*time.Millisecond {
				line := fmt.Sprintf("anybody there? %d, %s", len(said), speaker)
				said, last = append(said, line), time.Now()
				speaker.says(t, line)
			}
			for _, c := range clients {
				if !slices.ContainsFunc(said, func(line string) bool { return slices.Contains(c.heard(t), line) }) {
					return fmt.Sprintf("%v does not hear %v since Redis is back", c, speaker)
				}
			}
			return ""
		})
	}
}

// With a Redis named that is not there, a node serves all the same and joins it when it comes.
func TestRedisComesLater(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	redis.stop(t)
	nodes := startNodes(t, 2, redis)
	hall := startHall(t)
	clients := []*client{hall.join(t, "2.1.1", nodes[0], "websocket"), hall.join(t, "2.1.1", nodes[1], "websocket")}
	eventually(t, patience, func() string {
		if said := nodes[0].proc.errout.String(); !strings.Contains(strings.ToLower(said), "redis") {
			return fmt.Sprintf("Redis cannot be reached, and all that standard error says is %q", said)
		}
		return ""
	})
	redis.start(t)
	chatsAgain(t, clients)
}

// A Redis that hangs for a moment costs nobody the connection, and no line is said twice.
func TestRedisHangs(t *testing.T) {
	redis := startRedis(t)
	nodes := startNodes(t, 2, redis)
	hall := startHall(t)
	clients := []*client{hall.join(t, "2.1.1", nodes[0], "websocket"), hall.join(t, "2.1.1", nodes[1], "websocket")}
	redis.proc.signal(t, syscall.SIGSTOP)
	speeches := talk(t, clients, func(c *client) []string { return numbered(c, "said to a Redis that hangs", 10) })
	redis.proc.signal(t, syscall.SIGCONT)
	everyoneHears(t, clients, speeches...)
	for _, c := range clients {
		c.stayed(t)
	}
}

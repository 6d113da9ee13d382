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

// Redis stops and starts again: the node logs it and keeps its clients, and the chat goes on.
func TestRedisStopsAndStarts(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := startNodes(t, 2, redis)
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", nodes[0], "websocket"), host.connect(t, "2.1.1", nodes[1], "polling")}
	allReceive(t, clients, chatNumbered(t, clients, "before", 3)...)

	before := len(nodes[0].proc.errout.String())
	redis.stop(t)
	awaitRedisError(t, nodes[0], before)
	// These lines may arrive or not; they must not disturb the others.
	away := chatNumbered(t, clients, "away", 3)
	redis.start(t)
	awaitChat(t, clients)

	after := chatNumbered(t, clients, "after", 10)
	awaitLines(t, clients, after...)
	for _, c := range clients {
		c.stayedConnected(t)
		checkOrder(t, c, slices.Concat(away, after)...)
	}
	nodes[0].proc.mustRun(t)
}

// awaitChat waits until a line of each client reaches all.
func awaitChat(t *testing.T, clients []*client) {
	t.Helper()
	for _, sender := range clients {
		var sent []string
		last := time.Now()
		eventually(t, waitLimit, func() string {
			if len(sent) == 0 || time.Since(last) > 200*time.Millisecond {
				line := fmt.Sprintf("anybody there? %d, %s", len(sent), sender)
				sent, last = append(sent, line), time.Now()
				sender.chat(t, line)
			}
			for _, c := range clients {
				if !slices.ContainsFunc(sent, func(line string) bool { return slices.Contains(c.received(t), line) }) {
					return fmt.Sprintf("%v receives nothing from %v since Redis is back", c, sender)
				}
			}
			return ""
		})
	}
}

// awaitRedisError waits for a log line about Redis after the first n bytes.
func awaitRedisError(t *testing.T, n node, from int) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		if log := n.proc.errout.from(from); !strings.Contains(strings.ToLower(log), "redis") {
			return fmt.Sprintf("Redis cannot be reached, and standard error does not say so: %q", log)
		}
		return ""
	})
}

// A node serves clients without its Redis, and connects to it once it runs.
func TestRedisComesLater(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	redis.stop(t)
	nodes := startNodes(t, 2, redis)
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", nodes[0], "websocket"), host.connect(t, "2.1.1", nodes[1], "websocket")}
	awaitRedisError(t, nodes[0], 0)
	redis.start(t)
	awaitChat(t, clients)
}

// A Redis that hangs for a moment ends no connection, and no line arrives twice.
func TestRedisHangs(t *testing.T) {
	redis := startRedis(t)
	nodes := startNodes(t, 2, redis)
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", nodes[0], "websocket"), host.connect(t, "2.1.1", nodes[1], "websocket")}
	redis.proc.signal(t, syscall.SIGSTOP)
	sequences := chatNumbered(t, clients, "while Redis hangs", 10)
	redis.proc.signal(t, syscall.SIGCONT)
	allReceive(t, clients, sequences...)
	for _, c := range clients {
		c.stayedConnected(t)
	}
}

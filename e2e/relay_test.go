//go:build e2e

package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// Redis is killed under the lines of the clients and comes back empty, again and again: the clients of our nodes
// receive every line once and in order. A Node server does not survive that; while one runs, it is in the same chat.
func TestRelayThroughRestarts(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := startNodes(t, 1, redis)
	nodes = append(nodes, startNodes(t, 1, redis)...)
	host := startClientHost(t)
	ours := []*client{host.connect(t, "2.1.1", nodes[0], "websocket"), host.connect(t, "4.8.4", nodes[1], "websocket")}
	var all []sequence
	for round := range 3 {
		theirs := host.connect(t, "2.1.1", startSeed(t, redis), "websocket")
		everyone := append(slices.Clone(ours), theirs)
		together := chatNumbered(t, everyone, fmt.Sprintf("round %d, together", round), 20)
		awaitLines(t, everyone, together...)
		checkOrder(t, theirs, together...)

		before := chatNumbered(t, ours, fmt.Sprintf("round %d, as Redis goes", round), 50)
		redis.stop(t)
		away := chatNumbered(t, ours, fmt.Sprintf("round %d, without Redis", round), 50)
		redis.start(t)
		all = append(all, slices.Concat(together, before, away)...)
		awaitLines(t, ours, all...)
	}
	allReceive(t, ours, all...)
	for _, c := range ours {
		c.stayedConnected(t)
	}
}

// Redis ends all connections, ten times a second, while clients of two nodes talk.
func TestRelayThroughCuts(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := append(startNodes(t, 1, redis), startNodes(t, 1, redis)...)
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", nodes[0], "websocket"), host.connect(t, "2.1.1", nodes[1], "polling")}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				for _, kind := range []string{"normal", "pubsub"} {
					_ = exec.Command("redis-cli", "-p", redis.port, "client", "kill", "type", kind).Run()
				}
			}
		}
	}()
	var all []sequence
	for round := range 10 {
		lines := chatNumbered(t, clients, fmt.Sprintf("round %d", round), 20)
		all = append(all, lines...)
		awaitLines(t, clients, lines...)
	}
	close(stop)
	<-stopped
	allReceive(t, clients, all...)
	for _, c := range clients {
		c.stayedConnected(t)
	}
}

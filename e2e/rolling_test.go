//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// While two nodes behind HAProxy restart one after the other and clients speak, no line
// is lost: all that is said is published, and a client misses lines only between two
// connections.
func TestRollingRestart(t *testing.T) {
	needsTsunagu(t)
	r, ports := startRedis(t), freePorts(t, 3)
	order := subscribe(t, r)
	b := &proxiedNodes{redis: r, ports: ports[:2], proxy: "127.0.0.1:" + ports[2]}
	for _, port := range b.ports {
		b.startNode(t, port)
	}
	startHAProxy(t, b.proxy, b.ports)
	for _, port := range b.ports {
		b.awaitNode(t, port)
	}
	host := startClientHost(t)
	var clients []*client
	for range 2 {
		for _, version := range []string{"2.1.1", "4.8.4"} {
			for _, transports := range everyTransport {
				clients = append(clients, host.connect(t, version, node{port: ports[2]}, transports...))
			}
		}
	}
	for _, c := range clients {
		if strings.Contains(c.name, " websocket on") {
			host.do(t, map[string]any{"do": "repeat", "who": c.name, "every": 20})
		}
	}
	var marks []string
	for i, port := range b.ports {
		b.awaitAll(t, clients, "all are connected before the stop of node "+port)
		marks = append(marks, b.restartNode(t, i))
	}
	b.awaitAll(t, clients, "all are connected again")
	host.do(t, map[string]any{"do": "hush", "who": clients[0].name})
	clients[0].awaits(t, "hushed", "")
	b.awaitAll(t, clients, "all have the last line")
	order.awaitSaid(t, clients)
	checkRestarts(t, clients, order.all(), marks)
}

// restartNode publishes a mark, stops a node and starts it again. It returns the mark.
func (b *proxiedNodes) restartNode(t *testing.T, i int) (mark string) {
	t.Helper()
	mark = "mark before the stop of node " + b.ports[i]
	b.redis.publish(t, mark) // the node's subscription has it before the signal comes
	b.nodes[i].signal(t, syscall.SIGTERM)
	if status := b.nodes[i].exits(t, waitLimit); status != 0 {
		t.Errorf("%s: exit status %d, want 0", b.nodes[i].name, status)
	}
	b.startNode(t, b.ports[i])
	b.awaitNode(t, b.ports[i])
	return mark
}

// awaitNode waits until the proxy sends new sessions to a node. It prefers the one with the fewest connections.
func (b *proxiedNodes) awaitNode(t *testing.T, port string) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		resp, err := http.Get("http://" + b.proxy)
		if err != nil {
			return "the proxy does not answer"
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return "the proxy answers " + resp.Status
		}
		return ""
	})
	// Sessions alone: nodes that have as many connections take turns, and with two requests
	// each time all sessions could be on the same one.
	_, front, _ := strings.Cut(b.proxy, ":")
	eventually(t, waitLimit, func() string {
		if found := b.owner(t, front); found != port {
			return fmt.Sprintf("the proxy sends sessions to %s, not to %s", found, port)
		}
		return ""
	})
}

// awaitAll publishes lines until each client has got one of them.
func (b *proxiedNodes) awaitAll(t *testing.T, clients []*client, text string) {
	t.Helper()
	n := 0
	eventually(t, waitLimit, func() string {
		b.redis.publish(t, fmt.Sprintf("%s, %d", text, n))
		n++
		for _, c := range clients {
			if !slices.ContainsFunc(c.received(t), func(line string) bool { return strings.HasPrefix(line, text) }) {
				return c.name + " does not receive"
			}
		}
		return ""
	})
}

// A recorder has the lines that a subscriber of Redis has heard, in order.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// awaitSaid waits until all that the clients said has been published.
func (r *recorder) awaitSaid(t *testing.T, clients []*client) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		published := map[string]bool{}
		for _, line := range r.all() {
			published[line] = true
		}
		for _, c := range clients {
			for _, line := range append(c.events(t, "said"), c.received(t)...) {
				if !published[line] {
					return fmt.Sprintf("%s said or received %q, which was not published", c, line)
				}
			}
		}
		return ""
	})
}

func subscribe(t *testing.T, server *redisServer) *recorder {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + server.port})
	sub := client.Subscribe(context.Background(), "chat")
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	r := &recorder{}
	var receiving sync.WaitGroup
	lines := sub.Channel(redis.WithChannelSize(100_000))
	receiving.Go(func() {
		for m := range lines {
			r.mu.Lock()
			r.lines = append(r.lines, m.Payload)
			r.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		sub.Close()
		client.Close()
		receiving.Wait()
	})
	return r
}

// checkRestarts compares what the clients said and received with the order of Redis.
func checkRestarts(t *testing.T, clients []*client, order, marks []string) {
	t.Helper()
	position := make(map[string]int, len(order))
	for i, line := range order {
		if _, twice := position[line]; twice {
			t.Errorf("%q was published twice", line)
		}
		position[line] = i
	}
	said, connections := 0, 0
	for _, c := range clients {
		said += len(c.events(t, "said"))
		last := -1
		for i, lines := range c.connections(t) {
			connections++
			last = checkConnection(t, fmt.Sprintf("%s, connection %d", c, i), lines, position, last)
		}
		for _, mark := range marks {
			if !slices.Contains(c.received(t), mark) {
				t.Errorf("%s was connected and did not receive %q", c, mark)
			}
		}
	}
	if said < 100 || connections <= len(clients) {
		t.Errorf("%d lines were said over %d connections of %d clients: the test has tested nothing", said, connections, len(clients))
	}
	t.Logf("%d lines were said; %d clients had %d connections", said, len(clients), connections)
}

// connections are the lines that the client received, by connection.
func (c *client) connections(t *testing.T) (all [][]string) {
	t.Helper()
	for _, e := range c.host.events(t) {
		switch {
		case e.Who != c.name:
		case e.Event == "connect":
			all = append(all, nil)
		case e.Event == "chat":
			all[len(all)-1] = append(all[len(all)-1], e.Value)
		}
	}
	return all
}

// checkConnection checks that a connection brought lines without a hole, behind the
// line at last, and returns where it ended.
func checkConnection(t *testing.T, name string, lines []string, position map[string]int, last int) int {
	t.Helper()
	for i, line := range lines {
		at := position[line]
		switch {
		case at <= last:
			t.Errorf("%s received %q again, or too late", name, line)
		case i > 0 && at != last+1:
			t.Errorf("%s lacks %d lines before %q", name, at-last-1, line)
		}
		last = max(last, at)
	}
	return last
}

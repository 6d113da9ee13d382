//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

var everyTransport = [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}}

// Clients of 1.x and of every 2.x version, over every transport, on two nodes, in one chat.
func TestClientsOfEveryVersionAndTransport(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	host := startClientHost(t)
	var clients []*client
	for i, version := range []string{"1.7.4", "2.0.4", "2.1.1", "2.5.0"} {
		for j, transports := range everyTransport {
			clients = append(clients, host.open(t, version, nodes[(i+j)%2], transports...))
		}
	}
	allChat(t, clients, 20)
}

// Every version over every transport on every node that serves it, in one chat. The original serves 1.x and 2.x only.
func TestEveryVersionInOneChat(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	ours, original := startNodes(t, 2, redis), startSeed(t, redis)
	host := startClientHost(t)
	var clients []*client
	nodes := append(ours, original)
	for _, version := range []string{"1.7.4", "2.1.1", "2.5.0", "3.1.3", "4.8.4"} {
		for _, transports := range everyTransport {
			for _, n := range nodes {
				if n != original || version < "3" {
					clients = append(clients, host.open(t, version, n, transports...))
				}
			}
		}
	}
	allChat(t, clients, 5)
}

// allChat wants clients that are about to connect to receive what all of them send: during the upgrades, after them,
// and beyond ASCII.
func allChat(t *testing.T, clients []*client, n int) {
	t.Helper()
	for _, c := range clients {
		c.awaits(t, "connect", "")
	}
	sequences := chatNumbered(t, clients, "early", 5)
	allReceive(t, clients, sequences...)
	for _, c := range clients {
		if strings.Contains(c.name, "polling+websocket") {
			c.awaits(t, "transport", "websocket")
		}
	}
	sequences = append(sequences, chatNumbered(t, clients, "late", n)...)
	allReceive(t, clients, sequences...)

	var unicode []*client
	for _, c := range clients {
		c.stayedConnected(t)
		// 1.x encodes text beyond ASCII twice over polling. The original garbles it, too.
		if strings.HasPrefix(c.name, "1.7.4 polling") {
			c.closes(t)
			c.awaits(t, "disconnect", "")
			continue
		}
		unicode = append(unicode, c)
	}
	sequences = append(sequences, chatBeyondASCII(t, unicode)...)
	allReceive(t, unicode, sequences...)
	for _, c := range unicode {
		c.stayedConnected(t)
	}
}

// A chat event of each version arrives as the same text, whatever the shape of its argument.
func TestEveryVersionSendsTheSame(t *testing.T) {
	needsTsunagu(t)
	nodes := startNodes(t, 2, startRedis(t))
	host := startClientHost(t)
	receiver := host.connect(t, "2.1.1", nodes[0], "websocket")
	for i, c := range []*client{
		host.connect(t, "2.5.0", nodes[1], "polling"),
		host.connect(t, "3.1.3", nodes[1], "websocket"),
		host.connect(t, "3.1.3", nodes[0], "polling"),
		host.connect(t, "4.8.4", nodes[0], "websocket"),
		host.connect(t, "4.8.4", nodes[1], "polling"),
	} {
		for args, want := range map[string]string{
			`'chat', %d`:                      "%d",
			`'chat', ['one %d']`:              "one %d",
			`'chat', Buffer.from('bytes %d')`: "bytes %d",
			`'chat', 'acked %d', () => {}`:    "acked %d",
			`'chat', 'two %d', {a: 1}`:        "two %d",
		} {
			c.emits(t, fmt.Sprintf(args, i))
			receiver.awaits(t, "chat", fmt.Sprintf(want, i))
		}
		c.stayedConnected(t)
	}
}

// Long lines arrive whole over every transport. They are longer than the buffers of a socket.
func TestLongLines(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	host := startClientHost(t)
	clients := []*client{
		host.connect(t, "2.1.1", nodes[0], "websocket"),
		host.connect(t, "2.1.1", nodes[1], "polling"),
		host.connect(t, "2.5.0", nodes[1], "websocket"),
	}
	allReceive(t, clients, chatInTurn(t, clients, func(c *client) []string {
		return []string{c.name + strings.Repeat(" long", 20_000), c.name + strings.Repeat("長い", 20_000), c.name + " short"}
	})...)
}

// A client that has the answer to its CONNECT receives every line that is published from then on.
func TestNothingIsMissedAfterConnect(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	ours := &server{name: "ours", node: startNodes(t, 1, redis)[0], redis: redis, dialect: dialects[1]}
	ours.awaitSubscription(t)
	const clients, rounds = 16, 40
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for n := range rounds {
				p := newPlayer(ours)
				line := fmt.Sprintf("line %d for client %d", n, i)
				p.act("w", "opens")
				p.publish(line)
				p.framesUntil("w", chatEvent(line))
				p.close()
				if p.inconclusive != "" {
					t.Errorf("client %d, round %d: %s: %q", i, n, p.inconclusive, p.lines)
					return
				}
			}
		})
	}
	all.Wait()
}

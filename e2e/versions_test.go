//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Which revision of Engine.IO each version of the client speaks.
var (
	clients3 = []string{"1.7.4", "2.1.1", "2.5.0"}
	clients4 = []string{"3.1.3", "4.8.4"}
)

var everyTransport = [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}}

// Every version over every transport on every node that serves it - the original serves 1.x and 2.x only - in one chat
// at once.
func TestEveryVersionInOneChat(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	ours, theirs := startNodes(t, 2, redis), startSeed(t, redis)
	hall := startHall(t)
	var everyone []*client
	enter := func(versions []string, nodes []node) {
		for _, version := range versions {
			for _, transports := range everyTransport {
				for _, n := range nodes {
					everyone = append(everyone, hall.enter(t, version, n, transports...))
				}
			}
		}
	}
	enter(clients3, append(slices.Clone(ours), theirs))
	enter(clients4, ours)
	for _, c := range everyone {
		c.awaits(t, "connect", "")
	}

	// The first lines are said while the upgrades are under way.
	speeches := talk(t, everyone, func(c *client) []string { return numbered(c, "early", 3) })
	everyoneHears(t, everyone, speeches...)
	for _, c := range everyone {
		if strings.Contains(c.name, "polling+websocket") {
			c.awaits(t, "transport", "websocket")
		}
	}
	speeches = append(speeches, talk(t, everyone, func(c *client) []string { return numbered(c, "late", 5) })...)
	everyoneHears(t, everyone, speeches...)

	// 1.x encodes text beyond ASCII twice over polling; the original breaks on it, too.
	var unicode []*client
	for _, c := range everyone {
		c.stayed(t)
		if strings.HasPrefix(c.name, "1.7.4 polling") {
			c.closes(t)
			c.awaits(t, "disconnect", "")
			continue
		}
		unicode = append(unicode, c)
	}
	speeches = append(speeches, talk(t, unicode, func(c *client) []string {
		var lines []string
		for _, line := range beyondASCII {
			lines = append(lines, fmt.Sprintf("%s, %s", line, c))
		}
		return lines
	})...)
	everyoneHears(t, unicode, speeches...)
	for _, c := range unicode {
		c.stayed(t)
	}
}

// What each version says as chat's argument, every other hears as the same text.
func TestEveryVersionSaysTheSame(t *testing.T) {
	needsTsunagu(t)
	nodes := startNodes(t, 2, startRedis(t))
	hall := startHall(t)
	listener := hall.join(t, "2.1.1", nodes[0], "websocket")
	for i, c := range []*client{
		hall.join(t, "2.5.0", nodes[1], "polling"),
		hall.join(t, "3.1.3", nodes[1], "websocket"),
		hall.join(t, "3.1.3", nodes[0], "polling"),
		hall.join(t, "4.8.4", nodes[0], "websocket"),
		hall.join(t, "4.8.4", nodes[1], "polling"),
	} {
		for args, want := range map[string]string{
			`'chat', %d`:                      "%d",
			`'chat', ['one %d']`:              "one %d",
			`'chat', Buffer.from('bytes %d')`: "bytes %d",
			`'chat', 'acked %d', () => {}`:    "acked %d",
			`'chat', 'two %d', {a: 1}`:        "two %d",
		} {
			c.emits(t, fmt.Sprintf(args, i))
			listener.awaits(t, "chat", fmt.Sprintf(want, i))
		}
		c.stayed(t)
	}
}

// Who has the answer to CONNECT is in the chat: nothing that is said from then on is missed.
func TestNothingIsMissedBehindConnect(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	ours := &server{name: "ours", node: startNodes(t, 1, redis)[0], redis: redis, dialect: dialects[1]}
	ours.awaitSubscription(t)
	const newcomers, rounds = 16, 40
	var all sync.WaitGroup
	for i := range newcomers {
		all.Go(func() {
			for n := range rounds {
				p := newPlayer(ours)
				line := fmt.Sprintf("line %d for newcomer %d", n, i)
				p.act("w", "opens")
				p.publish(line)
				p.framesUntil("w", chatEvent(line))
				p.close()
				if p.inconclusive != "" {
					t.Errorf("newcomer %d, round %d: %s: %q", i, n, p.inconclusive, p.lines)
					return
				}
			}
		})
	}
	all.Wait()
}

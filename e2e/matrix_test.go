//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Lines that break whoever counts bytes where the protocol counts UTF-16 units, or splits surrogate pairs.
var beyondASCII = []string{
	"日本語のチャットです",
	"絵文字 🍣🎉👍🏽",
	"家族 👨‍👩‍👧‍👦 と 𠮷野家",
	"ñandú Ελλάδα עברית ไทย",
	"改行\nと\tタブ、\"引用符\" と \\ と \u2028",
}

// Clients of every 2.x version and of 1.x, over every transport, on two nodes, in one chat.
func TestClientsOfEveryVersionAndTransport(t *testing.T) {
	redis := startRedis(t)
	nodes := startNodes(t, 2, redis)
	hall := startHall(t)
	var everyone, unicode []*client
	for i, version := range []string{"1.7.4", "2.0.4", "2.1.1", "2.5.0"} {
		for j, transports := range [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}} {
			c := hall.enter(t, version, nodes[(i+j)%2], transports...)
			everyone = append(everyone, c)
			// 1.x encodes text beyond ASCII twice over polling; the original breaks on it, too.
			if version != "1.7.4" || transports[0] == "websocket" {
				unicode = append(unicode, c)
			}
		}
	}
	for _, c := range everyone {
		c.awaits(t, "connect", "")
	}

	// The first lines are said while the upgrades are under way.
	speeches := talk(t, everyone, func(c *client) []string { return numbered(c, "early", 5) })
	everyoneHears(t, everyone, speeches...)
	for _, c := range everyone {
		if strings.Contains(c.name, "polling+websocket") {
			c.awaits(t, "transport", "websocket")
		}
	}
	speeches = append(speeches, talk(t, everyone, func(c *client) []string { return numbered(c, "late", 20) })...)
	everyoneHears(t, everyone, speeches...)

	for _, c := range everyone {
		c.stayed(t)
		if strings.HasPrefix(c.name, "1.7.4 polling") {
			c.closes(t)
			c.awaits(t, "disconnect", "")
		}
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

// Long lines go over every transport whole. (Longer than what fits a socket's buffers at once.)
func TestLongLines(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	hall := startHall(t)
	clients := []*client{
		hall.join(t, "2.1.1", nodes[0], "websocket"),
		hall.join(t, "2.1.1", nodes[1], "polling"),
		hall.join(t, "2.5.0", nodes[1], "websocket"),
	}
	speeches := talk(t, clients, func(c *client) []string {
		return []string{c.name + strings.Repeat(" long", 20_000), c.name + strings.Repeat("長い", 20_000), c.name + " short"}
	})
	everyoneHears(t, clients, speeches...)
}

// talk lets all speakers talk at once: each says its next line in turn.
func talk(t *testing.T, speakers []*client, lines func(*client) []string) []speech {
	t.Helper()
	speeches := make([]speech, len(speakers))
	for i, c := range speakers {
		speeches[i] = lines(c)
	}
	for n := range speeches[0] {
		for i, c := range speakers {
			c.says(t, speeches[i][n])
		}
	}
	return speeches
}

func numbered(c *client, what string, n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s %d, %s", what, i, c))
	}
	return lines
}

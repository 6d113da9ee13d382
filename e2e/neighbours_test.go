//go:build e2e

package e2e

import "testing"

// The seed's server, our nodes and redis-cli on one Redis are one chat.
func TestBesideTheOriginal(t *testing.T) {
	redis := startRedis(t)
	ours := startNodes(t, 2, redis)
	theirs := startSeed(t, redis)
	hall := startHall(t)
	clients := []*client{
		hall.join(t, "2.1.1", ours[0], "websocket"),
		hall.join(t, "2.1.1", ours[1], "polling"),
		hall.join(t, "2.1.1", theirs, "websocket"),
		hall.join(t, "2.1.1", theirs, "polling"),
	}
	speeches := talk(t, clients, func(c *client) []string {
		lines := numbered(c, "hello", 10)
		for _, line := range beyondASCII {
			lines = append(lines, line+" "+c.name)
		}
		return lines
	})
	everyoneHears(t, clients, speeches...)

	bare := speech{"hello", "from redis-cli: こんにちは 🍣", "", `{"looks":"like JSON"}`}
	for _, line := range bare {
		if heard := redis.publish(t, line); heard != "3" {
			t.Errorf("%q reached %s nodes, want 3", line, heard)
		}
	}
	everyoneHears(t, clients, append(speeches, bare)...)
	for _, c := range clients {
		c.stayed(t)
	}
}

// Bytes that are no text reach everybody with U+FFFD in place, and cost nobody the connection.
func TestBytesThatAreNoText(t *testing.T) {
	redis := startRedis(t)
	node := startNodes(t, 1, redis)[0]
	hall := startHall(t)
	clients := []*client{hall.join(t, "2.1.1", node, "websocket"), hall.join(t, "2.1.1", node, "polling")}
	redis.publish(t, "bad \xff\xfe bytes")
	redis.publish(t, "lone \xed\xa0\x80 surrogate")
	redis.publish(t, "cut \xe3\x81")
	everyoneHears(t, clients, speech{"bad \ufffd\ufffd bytes", "lone \ufffd\ufffd\ufffd surrogate", "cut \ufffd"})
	for _, c := range clients {
		c.stayed(t)
	}
}

//go:build e2e

package e2e

import "testing"

// The seed's server, our nodes and redis-cli on one Redis are one chat.
func TestBesideTheOriginal(t *testing.T) {
	redis := startRedis(t)
	ours := startNodes(t, 2, redis)
	theirs := startSeed(t, redis)
	host := startClientHost(t)
	clients := []*client{
		host.connect(t, "2.1.1", ours[0], "websocket"),
		host.connect(t, "2.1.1", ours[1], "polling"),
		host.connect(t, "2.1.1", theirs, "websocket"),
		host.connect(t, "2.1.1", theirs, "polling"),
	}
	sequences := append(chatNumbered(t, clients, "hello", 10), chatBeyondASCII(t, clients)...)
	allReceive(t, clients, sequences...)

	bare := sequence{"hello", "from redis-cli: こんにちは 🍣", "", `{"looks":"like JSON"}`}
	for _, line := range bare {
		if n := redis.publish(t, line); n != "3" {
			t.Errorf("%q reached %s nodes, want 3", line, n)
		}
	}
	allReceive(t, clients, append(sequences, bare)...)
	for _, c := range clients {
		c.stayedConnected(t)
	}
}

// Bytes that are not UTF-8 arrive as U+FFFD, and end no connection.
func TestInvalidUTF8(t *testing.T) {
	redis := startRedis(t)
	node := startNodes(t, 1, redis)[0]
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", node, "websocket"), host.connect(t, "2.1.1", node, "polling")}
	redis.publish(t, "bad \xff\xfe bytes")
	redis.publish(t, "lone \xed\xa0\x80 surrogate")
	redis.publish(t, "cut \xe3\x81")
	allReceive(t, clients, sequence{"bad \ufffd\ufffd bytes", "lone \ufffd\ufffd\ufffd surrogate", "cut \ufffd"})
	for _, c := range clients {
		c.stayedConnected(t)
	}
}

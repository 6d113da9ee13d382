//go:build e2e

package e2e

import "testing"

// Clients of 1.x encode and decode text twice when they poll, which 2.x gave up. The wire does not tell one from the other, so
// they fail behind ours in the same way as behind the original.
func TestPollingClientsOf1xBeyondASCII(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	for name, n := range map[string]node{"ours": startNodes(t, 1, redis)[0], "the original": startSeed(t, redis)} {
		t.Run(name, func(t *testing.T) {
			host := startClientHost(t)
			bystander := host.connect(t, "2.1.1", n, "polling")
			for line, garbled := range map[string]string{"中": "-", "あいう": "BDF"} {
				c := host.connect(t, "1.7.4", n, "polling")
				redis.publish(t, line)
				c.awaits(t, "chat", garbled)
				c.stayedConnected(t)
				c.closes(t)
			}
			for _, line := range []string{"ñ", "日本語"} {
				c := host.connect(t, "1.7.4", n, "polling")
				redis.publish(t, line)
				c.awaits(t, "disconnect", "transport error")
			}
			// Only clients that garble it once more read what it sends.
			sender := host.connect(t, "1.7.4", n, "polling")
			sender.chat(t, "ñ")
			bystander.awaits(t, "chat", "Ã±")
			sender.awaits(t, "chat", "ñ")
			sender.stayedConnected(t)

			// It must not receive the lines below.
			sender.closes(t)
			sender.awaits(t, "disconnect", "io client disconnect")
			websocket := host.connect(t, "1.7.4", n, "websocket")
			websocket.chat(t, "日本語 ñ")
			for _, c := range []*client{websocket, bystander} {
				c.awaits(t, "chat", "日本語 ñ")
				c.stayedConnected(t)
			}
		})
	}
}

//go:build e2e

package e2e

import "testing"

// revision4 is what clients of 3.x and 4.x speak. The original is the seed's chat on socket.io 4.8.
var revision4 = dialect{
	eio: "4", original: startSeed4, unheard: unheard4, wanted: wanted4,
	ask: "40/alive", sign: `44/alive,{"message":"Invalid namespace"}`,
}

// corpus4 is all of it. Chapters whose exchanges say the same in both revisions are those of revision 3.
func corpus4() []exchange {
	return inChapters([]chapter{
		{"header", headers4()},
		{"handshake", handshakes4()},
		{"payload", payloads4()},
		{"polling", polling4()},
		{"packet", packets4()},
		{"before CONNECT", afterwards(begin, quiet, alive("w"), unconnected4())},
		{"CONNECT", connects4()},
		{"namespace", namespaces4()},
		{"websocket", websockets()},
		{"websocket handshake", websocketHandshakes()},
		{"upgrade", upgrades4()},
		{"timers", timers4()},
		{"argument", chatArguments()},
		{"event", chatEvents4()},
		{"line from Redis", redisLines4()},
		{"a client of 2.x", oldClients()},
	})
}

// The dialect of 4.x: Node's socket.io 4.8 and ours say the same, but where we differ on purpose: see wanted4.
//
// With E2E_TARGET=seed socket.io 4.8 is compared with itself.
func TestParity4(t *testing.T) { compare(t, &revision4, corpus4()) }

// begin opens a session "w" on a websocket and does not connect it.
func begin(p *play) {
	if p.handshake("w", "~") {
		p.frame("w")
	}
}

// join4 connects a polling session to the chat.
func join4(session string) step { return do("POST @"+session+"\n\n40", "GET @"+session) }

// all looks at every header.
func all(p *play) { p.allHeaders = true }

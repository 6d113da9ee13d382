//go:build e2e

package e2e

import "time"

// What engine.io 6 announces, and socket.io 4.8 waits for.
const (
	pingEvery   = 25 * time.Second
	pongWithin  = 20 * time.Second
	connectTime = 45 * time.Second
	probeTime   = 10 * time.Second
)

// timers4 are pings of the server, and the ends that nobody asks for. None may take much longer than 50 s.
func timers4() []exchange {
	pinged := []step{patiently(27 * time.Second), open, clock, hear("w", 1), took(pingEvery)}
	after := func(more ...step) []step { return append(append([]step{}, pinged...), more...) }
	return []exchange{
		{"a websocket that is silent", after(ends("w"), took(pingEvery+pongWithin), do("GET @a")), slow},
		{"a pong puts off the end", after(say("w", "3"), clock, hear("w", 1), took(pingEvery)), slow},
		{"another packet puts off the end", after(pause(5*time.Second), say("w", "6"), ends("w"), took(pingEvery+pongWithin+5*time.Second)), slow},
		{"a second packet does not", after(say("w", "6"), pause(5*time.Second), say("w", "6"), ends("w"), took(pingEvery+pongWithin)), slow},
		{"a websocket's own pong is none", after(put("w", masked(pongFrame, "")), ends("w"), took(pingEvery+pongWithin)), slow},
		{"a pong that nobody asked for puts off the ping", []step{patiently(30 * time.Second), open, pause(8 * time.Second), say("w", "3"),
			clock, hear("w", 1), took(pingEvery)}, slow},
		{"another packet does not put off the ping", []step{patiently(30 * time.Second), open, clock, pause(8 * time.Second), say("w", "6"),
			hear("w", 1), took(pingEvery)}, slow},
		{"a poll gets the ping", []step{patiently(30 * time.Second), hello(), clock, ask("poll", "GET @a"), await("poll"), took(pingEvery),
			do("POST @a\n\n3"), lives("a")}, slow},
		{"a poll that is silent", []step{patiently(30 * time.Second), hello(), clock, ask("poll", "GET @a"), await("poll"),
			ask("poll", "GET @a"), await("poll"), took(pingEvery + pongWithin), lives("a")}, slow},
		{"nobody polls", []step{hello(), join4("a"), pause(pingEvery + pongWithin + 2*time.Second), lives("a")}, slow},
		{"an upgraded session is pinged", []step{patiently(30 * time.Second), hello(), clock, pause(5 * time.Second), ws("w", "~a"),
			say("w", "2probe"), hear("w", 1), say("w", "5"), hear("w", 1), took(pingEvery), say("w", "3"), alive("w")}, slow},
		{"no CONNECT", []step{patiently(30 * time.Second), begin, clock, hear("w", 1), say("w", "3"), ends("w"), took(connectTime)}, slow},
		{"no CONNECT, polling", []step{patiently(30 * time.Second), hello(), clock, ask("poll", "GET @a"), await("poll"), do("POST @a\n\n3"),
			ask("poll", "GET @a"), await("poll"), took(connectTime), lives("a")}, slow},
		{"no CONNECT but to nowhere", []step{patiently(30 * time.Second), begin, clock, say("w", "40/x"), hear("w", 2), say("w", "3"), ends("w"), took(connectTime)}, slow},
		{"CONNECT, and then away", []step{patiently(30 * time.Second), open, say("w", "41"), hear("w", 1), say("w", "3"), pause(22 * time.Second), alive("w")}, slow},
		{"an upgrade that never comes", []step{patiently(15 * time.Second), hello(), clock, ws("w", "~a"), say("w", "2probe"), hear("w", 1),
			ends("w"), took(probeTime), lives("a")}, slow},
		{"a probe that never comes", []step{patiently(15 * time.Second), hello(), clock, ws("w", "~a"), ends("w"), took(probeTime), lives("a")}, slow},
		{"a close that nobody fetches", []step{hello(), do("POST @a\n\n4"), pause(25 * time.Second), do("POST @a\n\n6"), pause(7 * time.Second), lives("a")}, slow},
	}
}

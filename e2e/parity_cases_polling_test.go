//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"time"
)

// pollingExchanges are polls and posts that meet, and sessions that end.
func pollingExchanges() []exchange {
	partial := "POST @a\nContent-Length: 3\n\n"
	return []exchange{
		{"a poll that finds something", []step{hello(), do("POST @a\n\n1:2", "GET @a")}, quiet},
		{"a poll that waits", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n1:2"), await("poll"), lives("a")}, quiet},
		{"several packets wait", []step{hello(), do("POST @a\n\n1:24:40/a1:2", "POST @a\n\n4:40/b", "GET @a"), lives("a")}, quiet},
		{"overlapping polls", []step{hello(), pend("first", "GET @a"), do("GET @a"), await("first"), lives("a")}, quiet},
		{"overlapping polls, JSONP", []step{hello("&j=0"), pend("first", "GET @a&j=1"), do("GET @a&j=2"), await("first"), lives("a")}, quiet},
		{"overlapping polls, with an origin", []step{hello(), pend("first", "GET @a\nOrigin: http://a"), do("GET @a\nOrigin: http://b"), await("first")}, quiet},
		{"overlapping polls, three", []step{hello(), pend("first", "GET @a"), do("GET @a", "GET @a"), await("first")}, quiet},
		{"overlapping posts", []step{hello(), pend("first", partial+"1"), do("POST @a\n\n1:2"), waits("first"), lives("a")}, quiet},
		{"overlapping posts, a poll pending", []step{hello(), pend("poll", "GET @a"), pend("first", partial+"1"), do("POST @a\n\n1:2"), waits("first"), waits("poll"), lives("a")}, quiet},
		{"a post in pieces", []step{hello(), pend("post", partial), put("post", "1"), waits("post"), put("post", ":2"), await("post"), lives("a")}, quiet},
		{"a poll while a post is under way", []step{hello(), pend("post", partial), pend("poll", "GET @a"), put("post", "1:2"), await("post", "poll"), lives("a")}, quiet},
		{"HEAD while a post is under way", []step{hello(), pend("post", partial), do("HEAD @a"), put("post", "1:2"), await("post"), lives("a")}, quiet},
		{"OPTIONS while a poll is pending", []step{hello(), pend("poll", "GET @a"), do("OPTIONS @a"), waits("poll"), do("POST @a\n\n1:2"), await("poll"), lives("a")}, quiet},
		{"PUT while a poll is pending", []step{hello(), pend("poll", "GET @a"), do("PUT @a\n\n1:2"), waits("poll"), do("POST @a\n\n1:2"), await("poll"), lives("a")}, quiet},
		{"a poll that is given up", []step{hello(), pend("poll", "GET @a"), hangUp("poll"), settled, lives("a")}, quiet},
		{"a post that is given up", []step{hello(), pend("post", partial+"1"), hangUp("post"), settled, lives("a")}, quiet},
		{"a post that is given up, a poll pending", []step{hello(), pend("poll", "GET @a"), pend("post", partial), hangUp("post"), await("poll"), lives("a")}, quiet},
		{"a poll given up while a post is under way", []step{hello(), pend("post", partial), pend("poll", "GET @a"), hangUp("poll"), waits("post"), lives("a")}, quiet},
		{"client leaves", []step{hello(), do("POST @a\n\n1:1"), lives("a")}, quiet},
		{"client leaves, poll pending", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n1:1"), await("poll"), lives("a")}, quiet},
		{"client leaves, poll pending, JSONP", []step{hello("&j=0"), pend("poll", "GET @a&j=4"), do("POST @a&j=0\n\nd=1%3A1"), await("poll"), do("GET @a&j=5")}, quiet},
		{"client leaves, something waiting", []step{hello(), do("POST @a\n\n1:21:1"), lives("a")}, quiet},
		{"client leaves twice", []step{hello(), do("POST @a\n\n1:11:1", "POST @a\n\n1:1")}, quiet},
		{"client leaves the namespace", []step{hello(), do("POST @a\n\n2:41"), lives("a"), do("POST @a\n\n2:40"), lives("a")}, quiet},
		{"server closes, poll pending", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n1:4"), await("poll"), lives("a")}, quiet},
		{"server closes, nothing pending", []step{hello(), do("POST @a\n\n1:4", "GET @a", "GET @a")}, quiet},
		{"server closes, something waiting", []step{hello(), do("POST @a\n\n1:21:4", "GET @a", "GET @a")}, quiet},
		{"server closes, more is sent", []step{hello(), do("POST @a\n\n1:41:2", "POST @a\n\n1:2", "GET @a", "GET @a")}, quiet},
		{"server closes, client leaves", []step{hello(), do("POST @a\n\n1:4", "POST @a\n\n1:1", "GET @a")}, quiet},
		{"server closes twice", []step{hello(), do("POST @a\n\n1:4", "POST @a\n\n1:4", "GET @a", "GET @a")}, quiet},
		{"server closes, malformed payload follows", []step{hello(), do("POST @a\n\n1:4", "POST @a\n\nx", "GET @a")}, quiet},
		{"server closes, JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd=1%3A4", "GET @a&j=1", "GET @a&j=2")}, quiet},
		{"server closes, HEAD follows", []step{hello(), do("POST @a\n\n1:4", "HEAD @a", "OPTIONS @a", "GET @a", "GET @a")}, quiet},
		{"server closes, overlap follows", []step{hello(), pend("post", partial), do("POST @a\n\n1:4"), waits("post"), do("GET @a")}, quiet},
		{"error packet and close", []step{hello(), do("POST @a\n\n4:40/a1:4", "GET @a", "GET @a")}, quiet},
		{"after a malformed payload, HEAD", []step{hello(), do("POST @a\n\nx", "HEAD @a", "OPTIONS @a")}, quiet},
		{"base64 session", []step{hello("&b64=1"), do("POST @a\n\n2:b2", "GET @a"), lives("a")}, quiet},
		{"two requests on one connection", []step{hello(), ask("both", "GET @a"), do("POST @a\n\n1:2"), await("both"),
			again("both", "POST @a\n\n1:2"), await("both"), again("both", "GET @a"), await("both")}, quiet},
		{"two requests at once", []step{hello(), pipelined("both", "POST @a\n\n1:2", "GET @a"), await("both", "both"), lives("a")}, quiet},
		{"two polls at once", []step{hello(), pipelined("both", "GET @a", "GET @a"), await("both", "both"), lives("a")}, quiet},
		{"two posts at once", []step{hello(), pipelined("both", "POST @a\n\n1:2", "POST @a\n\n1:2"), await("both", "both"), lives("a")}, quiet},
		{"handshake and poll at once", []step{pipelined("both", "GET @", "GET /x"), await("both", "both")}, quiet},
		{"poll over HTTP/1.0", []step{hello(), do("POST @a HTTP/1.0\n\n1:2", "GET @a HTTP/1.0")}, quiet},
		{"a session outlives its connections", []step{hello(), ask("x", "GET /y"), await("x"), hangUp("x"), lives("a")}, quiet},
	}
}

// settled lets the server notice that a connection has ended.
func settled(p *play) { p.settle() }

// ask sends a request and leaves the answer for later.
func ask(name, text string) step { return func(p *play) { p.ask(name, text); p.barrier() } }

// again sends one more request over a connection.
func again(name, text string) step {
	return func(p *play) {
		raw, method := p.request(text)
		p.lines[name].method = method
		_, _ = p.lines[name].conn.Write([]byte(raw))
	}
}

// pipelined sends several requests at once over one connection.
func pipelined(name string, texts ...string) step {
	return func(p *play) {
		var all strings.Builder
		for _, text := range texts {
			raw, _ := p.request(text)
			all.WriteString(raw)
		}
		_, _ = p.dial(name).conn.Write([]byte(all.String()))
	}
}

// compressions are answers to polls, by their length and by what the client takes.
func compressions() []exchange {
	pongs := func(n int) string { return "POST @a\n\n" + strings.Repeat("1:2", n) }
	var all []exchange
	for _, accept := range []string{
		"gzip", "deflate", "gzip, deflate", "deflate, gzip", "gzip;q=0.5, deflate;q=0.8", "gzip;q=0", "gzip;q=0, deflate",
		"identity", "identity;q=0", "identity;q=0.5, gzip;q=0.2", "gzip;q=0.2, identity", "*", "*;q=0", "*;q=0.5, gzip;q=0", "*;q=0.1, deflate;q=0.5", "br", "br, gzip",
		"br;q=1.0, gzip;q=0.8, *;q=0.1", "GZIP", "x-gzip", "gzip;q=1;q=0", "gzip; q=0.3 , deflate ; q=0.2", "gzip;q=abc",
		"gzip;x=1", "gzip,", ",gzip", "gzip deflate", "", "gzip;q=2", "gzip;q=.5, deflate;q=0.4", "zstd, br", "*, gzip;q=0.1",
	} {
		all = append(all, exchange{"Accept-Encoding: " + accept, []step{
			hello(), do(pongs(400), "GET @a\nAccept-Encoding: "+accept),
		}, quiet})
	}
	for _, n := range []int{341, 342, 343} { // 1,023, 1,026 and 1,029 bytes
		all = append(all, exchange{fmt.Sprintf("%d bytes", 3*n), []step{
			hello(), do(pongs(n), "GET @a\nAccept-Encoding: gzip, deflate"),
		}, quiet})
	}
	name := strings.Repeat("x", 1024-len(`1020:44/,"Invalid namespace"`))
	exactly := func(n int) string { return fmt.Sprintf("POST @a\n\n%d:40/%s", n+3, name[:n]) }
	return append(all,
		exchange{"1,023 bytes exactly", []step{hello(), do(exactly(len(name)-1), "GET @a\nAccept-Encoding: gzip")}, quiet},
		exchange{"1,024 bytes exactly", []step{hello(), do(exactly(len(name)), "GET @a\nAccept-Encoding: gzip")}, quiet},
		exchange{"no Accept-Encoding", []step{hello(), do(pongs(400), "GET @a")}, quiet},
		exchange{"two Accept-Encoding headers", []step{hello(), do(pongs(400), "GET @a\nAccept-Encoding: br\nAccept-Encoding: gzip")}, quiet},
		exchange{"JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd="+strings.Repeat("1%3A2", 400), "GET @a&j=1\nAccept-Encoding: gzip")}, quiet},
		exchange{"JSONP, short before it is wrapped", []step{hello("&j=0"), do("POST @a&j=0\n\nd="+strings.Repeat("1%3A2", 340), "GET @a&j=1\nAccept-Encoding: gzip")}, quiet},
		exchange{"with an origin", []step{hello(), do(pongs(400), "GET @a\nAccept-Encoding: gzip\nOrigin: http://a")}, quiet},
		exchange{"multibyte", []step{hello(), do("POST @a\n\n503:40/"+strings.Repeat("日", 500), "GET @a\nAccept-Encoding: gzip")}, quiet},
		exchange{"close and noop", []step{hello(), do(pongs(400)+"1:4", "GET @a\nAccept-Encoding: gzip", "GET @a\nAccept-Encoding: gzip")}, quiet},
		exchange{"a poll that waited", []step{hello(), pend("poll", "GET @a\nAccept-Encoding: gzip"),
			do("POST @a\n\n1203:40/" + strings.Repeat("y", 1200)), await("poll"), lives("a")}, quiet},
	)
}

// timers are the ends that nobody asks for.
func timers() []exchange {
	const heartbeat = 30 * time.Second
	return []exchange{
		{"a websocket that is silent", []step{patiently(heartbeat + 5*time.Second), open, clock, ends("w"), took(heartbeat)}, slow},
		{"a poll that is silent", []step{patiently(heartbeat + 5*time.Second), hello(), clock, pend("poll", "GET @a"), await("poll"), took(heartbeat), lives("a")}, slow},
		{"a websocket's pings that are not Engine.IO's", []step{patiently(heartbeat + 5*time.Second), open, clock,
			waitFor("w", 15*time.Second), put("w", masked(pingFrame, "x")), ends("w"), took(heartbeat)}, slow},
		{"a packet is a sign of life", []step{patiently(heartbeat + 20*time.Second), open, clock,
			waitFor("w", 15*time.Second), say("w", "6"), ends("w"), took(heartbeat + 15*time.Second)}, slow},
		{"a poll is no sign of life", []step{patiently(heartbeat + 5*time.Second), hello(), clock, pend("one", "GET @a"),
			waitFor("one", 12*time.Second), do("POST @a\n\n1:6"), clock, await("one"), took(heartbeat), lives("a")}, slow},
		{"an upgrade that never comes", []step{patiently(15 * time.Second), hello(), clock, ws("w", "~a"), say("w", "2probe"), hear("w", 1), ends("w"), took(10 * time.Second), lives("a")}, slow},
		{"a probe that never comes", []step{patiently(15 * time.Second), hello(), clock, ws("w", "~a"), ends("w"), took(10 * time.Second), lives("a")}, slow},
		{"an upgrade after another was too slow", []step{patiently(15 * time.Second), hello(), ws("w", "~a"), ends("w"), ws("v", "~a"), say("v", "2probe"), hear("v", 1), say("v", "5"), alive("v")}, slow},
		{"a close that nobody fetches", []step{patiently(5 * time.Second), hello(), do("POST @a\n\n1:4"), pause(25 * time.Second), do("POST @a\n\n1:6"), pause(7 * time.Second), lives("a")}, slow},
		{"a websocket upgrade on another path", []step{patiently(3 * time.Second), clock, ask("w", "GET /x"+wsFull), await("w"), took(time.Second)}, slow},
		{"a websocket upgrade on the page", []step{patiently(3 * time.Second), ask("w", "GET /"+wsFull), await("w")}, slow},
	}
}

// waitFor lets time pass in which a connection says nothing.
func waitFor(name string, d time.Duration) step {
	return func(p *play) {
		p.quietFor(name, d)
	}
}

// pause lets time pass.
func pause(d time.Duration) step { return func(p *play) { p.pause(d) } }

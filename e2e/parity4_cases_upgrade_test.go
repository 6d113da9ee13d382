//go:build e2e

package e2e

import (
	"slices"
)

// upgrades4 happen in every order of events.
func upgrades4() []exchange {
	probe := []step{hello(), ws("w", "~a"), say("w", "2probe"), hear("w", 1)}
	after := func(before []step, more ...step) []step { return append(slices.Clone(before), more...) }
	return []exchange{
		{"as clients do it", after(probe, ask("poll", "GET @a"), await("poll"), say("w", "5"), alive("w"), do("GET @a", "POST @a\n\n40/x"), alive("w")), quiet},
		{"a poll is pending before", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), await("poll"), say("w", "5"), alive("w")}, quiet},
		{"a poll again and again", after(probe, ask("p", "GET @a"), await("p"), ask("p", "GET @a"), await("p"), ask("p", "GET @a"), await("p"), say("w", "5"), alive("w")), quiet},
		{"without a poll", after(probe, say("w", "5"), alive("w")), quiet},
		{"without a probe", []step{hello(), ws("w", "~a"), say("w", "5"), alive("w"), do("GET @a")}, quiet},
		{"without a probe, a poll pending", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), say("w", "5"), await("poll"), alive("w")}, quiet},
		{"with data in the upgrade packet", after(probe, say("w", "5x"), alive("w")), quiet},
		{"a ping that is no probe", []step{hello(), ws("w", "~a"), say("w", "2"), ends("w"), lives("a")}, quiet},
		{"a ping that is almost a probe", []step{hello(), ws("w", "~a"), say("w", "2probex"), ends("w"), lives("a")}, quiet},
		{"a binary probe", []step{hello(), ws("w", "~a"), bin("w", "2probe"), ends("w"), lives("a")}, quiet},
		{"a base64 probe", []step{hello(), ws("w", "~a"), say("w", "bMnByb2Jl"), ends("w"), lives("a")}, quiet},
		{"a message instead of the probe", []step{hello(), ws("w", "~a"), say("w", "40/x"), ends("w"), lives("a")}, quiet},
		{"a message after the probe", after(probe, say("w", "40/x"), ends("w"), lives("a")), quiet},
		{"a close packet after the probe", after(probe, say("w", "1"), ends("w"), lives("a")), quiet},
		{"a noop after the probe", after(probe, say("w", "6"), ends("w"), lives("a")), quiet},
		{"nonsense instead of the probe", []step{hello(), ws("w", "~a"), say("w", "x"), ends("w"), lives("a")}, quiet},
		{"nothing instead of the probe", []step{hello(), ws("w", "~a"), say("w", ""), ends("w"), lives("a")}, quiet},
		{"the probe twice", after(probe, say("w", "2probe"), hear("w", 1), say("w", "5"), alive("w")), quiet},
		{"a binary upgrade packet", after(probe, bin("w", "5"), alive("w")), quiet},
		{"the upgrade packet twice", after(probe, say("w", "5", "5"), alive("w")), quiet},
		{"packets right behind the upgrade packet", after(probe, say("w", "5", "40/x", "40/y"), hear("w", 2), alive("w")), quiet},
		{"what waits comes over the websocket", after(probe, do("POST @a\n\n40/x\x1e40/y"), say("w", "5"), hear("w", 2), alive("w")), quiet},
		{"a message posted while it probes", after(probe, ask("poll", "GET @a"), do("POST @a\n\n40/y"), await("poll"), say("w", "5"), alive("w")), quiet},
		{"given up before the probe", []step{hello(), ws("w", "~a"), hangUp("w"), settled, lives("a"), ws("v", "~a"), say("v", "2probe"), hear("v", 1), say("v", "5"), alive("v")}, quiet},
		{"given up after the probe", after(probe, hangUp("w"), settled, lives("a")), quiet},
		{"given up with a close frame", after(probe, put("w", masked(closeFrame, closing(1000, ""))), closed("w"), ends("w"), lives("a")), quiet},
		{"given up with an error", after(probe, put("w", bare(textFrame, "\xff")), ends("w"), lives("a")), quiet},
		{"two at a time", after(probe, ws("v", "~a"), ends("v"), say("w", "5"), alive("w")), quiet},
		{"a second one after the first", after(probe, say("w", "5"), alive("w"), ws("v", "~a"), ends("v"), alive("w")), quiet},
		{"a second one, right away used", after(probe, ws("v", "~a"), say("v", "2probe", "5"), ends("v"), say("w", "5"), alive("w")), quiet},
		{"for a session on a websocket", []step{open, ws("v", "~a"), waits("v"), alive("w")}, quiet},
		{"for a session on a websocket, used", []step{open, ws("v", "~a"), say("v", "2probe"), hear("v", 1), say("v", "5"), ends("w"), alive("v")}, quiet},
		{"for a session that is gone", []step{hello(), do("POST @a\n\n1"), ws("w", "~a")}, quiet},
		{"to polling", []step{hello(), ws("w", "@a"), ends("w"), lives("a")}, quiet},
		{"to polling, of a new session", []step{ws("w", "@"), ends("w")}, quiet},
		{"of a base64 session", []step{hello("&b64=1"), ws("w", "~a&b64=1"), say("w", "2probe"), hear("w", 1), say("w", "5"), alive("w")}, quiet},
		{"of a JSONP session", []step{hello("&j=0"), pend("poll", "GET @a&j=1"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), await("poll"), say("w", "5"), alive("w")}, quiet},
		{"the session closes while it probes", after(probe, ask("poll", "GET @a"), do("POST @a\n\n4"), await("poll"), ends("w"), lives("a")), quiet},
		{"the client leaves while it probes", after(probe, do("POST @a\n\n1"), ends("w"), lives("a")), quiet},
		{"a malformed payload while it probes", after(probe, do("POST @a\n\nx"), ends("w"), lives("a")), quiet},
		{"overlapping polls while it probes", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), do("GET @a"), await("poll"), ends("w"), lives("a")}, quiet},
		{"closing when the probe comes", []step{hello(), do("POST @a\n\n4"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), say("w", "5"), ends("w"), do("GET @a")}, quiet},
		{"closing when the upgrade comes", after(probe, do("POST @a\n\n4"), say("w", "5"), ends("w"), do("GET @a")), quiet},
		{"a post is under way", after(probe, pend("post", "POST @a\nContent-Length: 4\n\n4"), say("w", "5"), alive("w"), waits("post"), alive("w")), quiet},
		{"a post is under way, and ends", after(probe, pend("post", "POST @a\nContent-Length: 4\n\n4"), say("w", "5"), alive("w"), put("post", "0/x"), waits("post"), alive("w")), quiet},
		{"then the client leaves", after(probe, say("w", "5"), alive("w"), put("w", masked(closeFrame, "")), closed("w"), ends("w"), do("GET @a", "GET ~a")), quiet},
		{"then the server closes", after(probe, say("w", "5"), alive("w"), say("w", "4"), ends("w"), do("GET @a")), quiet},
		{"then HEAD and OPTIONS", after(probe, say("w", "5"), alive("w"), do("HEAD @a", "OPTIONS @a"), alive("w")), quiet},
		{"connected before", append([]step{hello(), join4("a"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), ask("poll", "GET @a"), await("poll"), say("w", "5")}, alive("w"), say("w", "41"), alive("w"), say("w", "40"), hear("w", 1), alive("w")), quiet},
		{"connected after", after(probe, say("w", "5", "40"), hear("w", 1), alive("w")), quiet},
		{"connected by a post behind the upgrade", after(probe, say("w", "5"), alive("w"), do("POST @a\n\n40"), alive("w")), quiet},
		{"a pong after the probe", after(probe, say("w", "3"), ends("w"), lives("a")), quiet},
		{"by a websocket of EIO 3", []step{hello(), ask("w", "GET /socket.io/?EIO=3&transport=websocket&sid={a}"+wsFull), await("w"), lives("a")}, quiet},
	}
}

//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// chatEvents4 are events that reach everybody, or end the original.
func chatEvents4() []exchange {
	all := append(onWebsocket(chatty, heard("w"), audibleEvents), onWebsocket(deadly, heard("w"), deadlyEvents)...)
	polls := func(name string, steps ...step) exchange {
		return exchange{name, append([]step{hello(), join4("a")}, steps...), chatty}
	}
	return append(all,
		exchange{"none but an ack's function", []step{open, say("w", `425["chat"]`), hear("w", 1), heard("w")}, deadly},
		exchange{"after leaving and coming back", []step{open, say("w", "41"), alive("w"), say("w", "40"), hear("w", 1), heard("w")}, chatty},
		exchange{"a listener that has not connected", []step{begin, ws("v", "~"), greeted("v"), heard("v"), alive("w")}, chatty},
		exchange{"a listener that has left", []step{open, say("w", "41"), ws("v", "~"), greeted("v"), heard("v"), alive("w")}, chatty},
		exchange{"a listener that connected twice", []step{open, say("w", "40"), hear("w", 1), ws("v", "~"), greeted("v"), heard("v"), alive("w")}, chatty},
		exchange{"right behind CONNECT", []step{begin, say("w", "40", chatEvent("early")), hear("w", 2), alive("w")}, chatty},
		exchange{"in pieces of a frame", []step{open, put("w", masked(1, `42["chat","a`)), put("w", masked(fin, `b"]`)), hear("w", 1), alive("w")}, chatty},
		polls("over polling", pend("poll", "GET @a"), do("POST @a\n\n"+`42["chat","日本 😀"]`), await("poll"), lives("a")),
		polls("over polling, two in one post", do("POST @a\n\n"+`42["chat","a"]`+"\x1e"+`42["chat","b"]`), chatWaits("a", 2), lives("a")),
		polls("over polling, a separator in the line", pend("poll", "GET @a"), do("POST @a\n\n"+`42["chat","a\u001eb"]`), await("poll"), lives("a")),
		polls("over polling, in binary", pend("poll", "GET @a"), do("POST @a\n\n"+`451-["chat",{"_placeholder":true,"num":0}]`+"\x1eb5pel5pys"), await("poll"), lives("a")),
		polls("over polling, before a bad packet", ws("w", "~"), greeted("w"), do("POST @a\n\n"+`42["chat","a"]`+"\x1ex"), heard("w"), lives("a")),
		polls("over polling, before leaving", ws("w", "~"), greeted("w"), do("POST @a\n\n"+`42["chat","a"]`+"\x1e1"), heard("w"), lives("a")),
		polls("over polling, right behind the leaving", ws("w", "~"), greeted("w"), do("POST @a\n\n"+"41\x1e"+`42["chat","late"]`), heard("w"), lives("a")),
		exchange{"over polling, right behind CONNECT", []step{hello(), do("POST @a\n\n40\x1e" + chatEvent("early")), chatWaits("a", 1), lives("a")}, chatty},
		polls("over JSONP", pend("poll", "GET @a&j=1"), do("POST @a&j=2\n\nd=42%5B%22chat%22%2C%22a%22%5D"), waits("poll")),
		polls("heard by websocket and polling", ws("w", "~"), greeted("w"), pend("poll", "GET @a"), say("w", chatEvent("to all")), hear("w", 1), await("poll"), alive("w"), lives("a")),
		polls("heard once after an upgrade", ws("w", "~a"), say("w", "2probe"), hear("w", 1), say("w", "5"), heard("w"), alive("w")),
		polls("waiting before an upgrade", open, ws("v", "~a"), say("v", "2probe"), hear("v", 1), heard("w"), say("v", "5"), hear("v", 1), alive("v")),
		exchange{"between both revisions", []step{open, quietly(old("v"), hear("v", 2)), say("w", chatEvent("from 4: 日本 😀")), hear("w", 1), hear("v", 1),
			say("v", chatEvent("from 3: 日本 😀")), hear("w", 1), hear("v", 1)}, chatty},
	)
}

// redisLines4 are published by somebody else, byte by byte.
func redisLines4() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(publishedLines)) {
		lines := publishedLines[name]
		all = append(all, exchange{name, []step{open, published(lines...), heard("w")}, chatty})
		if len(lines) == 1 {
			all = append(all, exchange{name + ", over polling", []step{hello(), join4("a"), pend("poll", "GET @a\nAccept-Encoding: gzip"),
				published(lines...), await("poll"), lives("a")}, chatty})
		}
	}
	return append(all, exchange{"a separator, over polling", []step{hello(), join4("a"), pend("poll", "GET @a"), published("a\x1eb"), await("poll"), lives("a")}, chatty})
}

// The targets of clients of 2.x.
const (
	oldPolling   = "/socket.io/?EIO=3&transport=polling"
	oldWebsocket = "/socket.io/?EIO=3&transport=websocket"
)

// old opens a websocket as clients of 2.x do.
func old(name string) step { return ws(name, oldWebsocket) }

// oldClients are what a client of 2.x meets in both.
func oldClients() []exchange {
	connected := []step{quietly(old("w"), hear("w", 2))}
	with := func(more ...step) []step { return append(slices.Clone(connected), more...) }
	ponged := []step{say("w", "2"), hear("w", 1)}
	post := func(body string) string { return "POST " + oldPolling + "&sid={a}\n\n" + body }
	get := "GET " + oldPolling + "&sid={a}"
	return []exchange{
		{"is greeted on a websocket", []step{old("w"), hear("w", 2)}, quiet},
		{"is greeted when it polls", []step{do("GET " + oldPolling)}, quiet},
		{"pings", with(ponged...), quiet},
		{"pings with data", with(say("w", "2probe"), hear("w", 1)), quiet},
		{"pongs", with(say("w", "3"), ponged[0], hear("w", 1)), quiet},
		{"connects once more", with(say("w", "40"), ponged[0], hear("w", 1)), quiet},
		{"asks for a stranger", with(say("w", "40/x"), hear("w", 1)), quiet},
		{"asks for a stranger with a query", with(say("w", "40/x?a=b"), hear("w", 1)), quiet},
		{"leaves", with(say("w", "41"), ponged[0], hear("w", 1)), quiet},
		{"leaves and comes back", with(say("w", "41", "40"), ponged[0], hear("w", 1)), quiet},
		{"says what is no JSON", with(say("w", `42["x"`), ponged[0], hear("w", 1)), quiet},
		{"says what nobody hears", with(say("w", `427["nobody"]`), ponged[0], hear("w", 1)), quiet},
		{"sends an attachment", with(say("w", `451-["nobody",{"_placeholder":true,"num":0}]`), bin("w", "\x04abc"), ponged[0], hear("w", 1)), quiet},
		{"sends a stray attachment", with(bin("w", "\x04abc"), ends("w")), quiet},
		{"sends an empty message", with(say("w", "4"), ends("w")), quiet},
		{"says a line", with(heard("w")), chatty},
		{"says a line in binary", with(say("w", `451-["chat",{"_placeholder":true,"num":0}]`), bin("w", "\x04abc"), hear("w", 1)), chatty},
		{"polls and posts", []step{quietly(do("GET " + oldPolling)), do(post("1:2")), oldPolls("a", "1:3")}, quiet},
		{"posts what cannot be read", []step{quietly(do("GET " + oldPolling)), do(post("x"), get)}, quiet},
		{"upgrades", []step{quietly(do("GET " + oldPolling)), ws("w", oldWebsocket+"&sid={a}"), say("w", "2probe"), hear("w", 1), say("w", "5")}, quiet},
		{"polls with Japanese", []step{quietly(do("GET " + oldPolling)), do(post("6:40/日本語"), post("1:2")), oldPolls("a", "1:3")}, quiet},
	}
}

// oldPolls polls until this has come, in however many pieces.
func oldPolls(session, last string) step {
	return func(p *play) {
		before := p.log
		var all strings.Builder
		for range 3 {
			p.ask("poll", "GET "+oldPolling+"&sid={"+session+"}")
			_, body := p.answer("poll")
			all.WriteString(body)
			if strings.Contains(body, last) {
				break
			}
		}
		p.log = before
		p.note("polls: %q", p.anonymous(all.String()))
	}
}

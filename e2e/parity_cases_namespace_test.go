//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
)

// elements is a packet behind its length.
func elements(packet string) string {
	return strconv.Itoa(len(utf16.Encode([]rune(packet)))) + ":" + packet
}

// spellings are of namespaces that nobody serves: the original runs them through url.parse.
func spellings() []exchange {
	rows := map[string]string{}
	for _, name := range []string{
		"/x", "/x,", "/x,y", `/x,{"a":1}`, "/x?a=b", "/x?a=b,", "/x?a=b&c=d,5", "/x?", "/x#y", "/x?a#b", "/x#", "/#",
		"/x/y", "/x/", "//", "//x", "//x/y", "///x", "//user@host/x", "//a:b@c:80/d?e", "/x//y", "/./x", "/x/../y", "/.",
		"/x y", "/ x", "/x ", "/x\t", "/\tx", "/x\ny", "/x\r", "/x\u00a0", "/x\u00a0y", "/x\ufeff", "/x\u3000", "/x\u2028y",
		`/x\y`, `/\x`, `/\\x`, `/x?a\b`, "/日本語", "/日本語?あ=い", "/😀", "/%zz", "/%2F", "/%", "/a%20b", "/x%00",
		"/x@y", "/@", "/x:80", "/x;y", "/x|y", "/x^y", "/x`y", "/{x}", "/<x>", `/"x"`, "/'x'", "/x'y z", "/[x]", "/x*y", "/x$y", "/x&y=z",
		"/x\x00y", "/x\x01", "/x\x7f", "/__proto__", "/constructor", "/toString", "/hasOwnProperty", "/valueOf", "/?", "/??", "/?#",
		"/X", "/é", "/e\u0301", "/\U0001d54f", "/-", "/0", "/socket.io", "/http://a/b", "/javascript:x", "/x?a=b#c,d", "/,", "/,/x", "/ ", "/  ", "/x  ",
		"/x,5", `/x,5["a"]`, `/x,["a"]`, "/x,[", `/x,"a"`, "/\u0085", "/x\u0085", "/x\u200b", "/x\u001f", "/x\u2003",
	} {
		rows[strconv.QuoteToASCII(name)] = name
	}
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, exchange{"connect to " + name, []step{open, say("w", "40"+rows[name]), alive("w")}, quiet})
	}
	return all
}

// strangers are packets for namespaces that nobody serves.
var strangers = map[string][]string{
	"unknown, twice":                    {"40/x", "40/x"},
	"unknown, then an event for it":     {"40/x", `42/x,["chat","a"]`},
	"unknown, then disconnect from it":  {"40/x", "41/x", `41/x,`},
	"unknown after disconnect":          {"41", "40/x"},
	"unknown, then binary for it":       {"40/x", `451-/x,["a",{"_placeholder":true,"num":0}]`, "att:a"},
	"a JSON connect":                    {`40["/x"]`},
	"a binary connect":                  {"att:0/x"},
	"not beginning with a slash":        {"40x", "40x/y", "40?a=b", "40,"},
	"an event for the root by its name": {`42/,["nobody"]`},
}

// namespaces are connected to and talked to.
func namespaces() []exchange {
	return append(append(spellings(), onWebsocket(quiet, alive("w"), strangers)...), exchange{"unknown, over polling", []step{hello(), do("POST @a\n\n" + elements("40/x?a=b") + elements("40/日 本")), lives("a")}, quiet},
		exchange{"unknown, over JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd="+"6%3A40%2Fx%22y", "GET @a&j=1")}, quiet})
}

// upgrades happen in every order of events.
func upgrades() []exchange {
	probe := []step{hello(), ws("w", "~a"), say("w", "2probe"), hear("w", 1)}
	after := func(before []step, more ...step) []step { return append(slices.Clone(before), more...) }
	return []exchange{
		{"as clients do it", after(probe, ask("poll", "GET @a"), await("poll"), say("w", "5"), alive("w"), do("GET @a", "POST @a\n\n1:2"), alive("w")), quiet},
		{"a poll is pending before", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), await("poll"), say("w", "5"), alive("w")}, quiet},
		{"a poll again and again", after(probe, ask("p", "GET @a"), await("p"), ask("p", "GET @a"), await("p"), ask("p", "GET @a"), await("p"), say("w", "5"), alive("w")), quiet},
		{"without a poll", after(probe, say("w", "5"), alive("w")), quiet},
		{"without a probe", []step{hello(), ws("w", "~a"), say("w", "5"), alive("w"), do("GET @a")}, quiet},
		{"without a probe, a poll pending", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), say("w", "5"), await("poll"), alive("w")}, quiet},
		{"with data in the upgrade packet", after(probe, say("w", "5x"), alive("w")), quiet},
		{"a ping that is no probe", []step{hello(), ws("w", "~a"), say("w", "2"), ends("w"), lives("a")}, quiet},
		{"a ping that is almost a probe", []step{hello(), ws("w", "~a"), say("w", "2probex"), ends("w"), lives("a")}, quiet},
		{"a binary probe", []step{hello(), ws("w", "~a"), bin("w", "\x02probe"), ends("w"), lives("a")}, quiet},
		{"a base64 probe", []step{hello(), ws("w", "~a"), say("w", "b2cHJvYmU="), ends("w"), lives("a")}, quiet},
		{"a message instead of the probe", []step{hello(), ws("w", "~a"), say("w", "40/x"), ends("w"), lives("a")}, quiet},
		{"a message after the probe", after(probe, say("w", "40/x"), ends("w"), lives("a")), quiet},
		{"a close packet after the probe", after(probe, say("w", "1"), ends("w"), lives("a")), quiet},
		{"a noop after the probe", after(probe, say("w", "6"), ends("w"), lives("a")), quiet},
		{"nonsense instead of the probe", []step{hello(), ws("w", "~a"), say("w", "x"), ends("w"), lives("a")}, quiet},
		{"nothing instead of the probe", []step{hello(), ws("w", "~a"), say("w", ""), ends("w"), lives("a")}, quiet},
		{"the probe twice", after(probe, say("w", "2probe"), hear("w", 1), say("w", "5"), alive("w")), quiet},
		{"a binary upgrade packet", after(probe, bin("w", "\x05"), alive("w")), quiet},
		{"the upgrade packet twice", after(probe, say("w", "5", "5"), alive("w")), quiet},
		{"packets right behind the upgrade packet", after(probe, say("w", "5", "40/x", "2"), hear("w", 2), alive("w")), quiet},
		{"what waits comes over the websocket", after(probe, do("POST @a\n\n1:24:40/y"), say("w", "5"), hear("w", 2), alive("w")), quiet},
		{"a message posted while it probes", after(probe, ask("poll", "GET @a"), do("POST @a\n\n4:40/y"), await("poll"), say("w", "5"), alive("w")), quiet},
		{"given up before the probe", []step{hello(), ws("w", "~a"), hangUp("w"), settled, lives("a"), ws("v", "~a"), say("v", "2probe"), hear("v", 1), say("v", "5"), alive("v")}, quiet},
		{"given up after the probe", after(probe, hangUp("w"), settled, lives("a")), quiet},
		{"given up with a close frame", after(probe, put("w", masked(closeFrame, closing(1000, ""))), closed("w"), ends("w"), lives("a")), quiet},
		{"given up with an error", after(probe, put("w", bare(textFrame, "\xff")), ends("w"), lives("a")), quiet},
		{"two at a time", after(probe, ws("v", "~a"), ends("v"), say("w", "5"), alive("w")), quiet},
		{"a second one after the first", after(probe, say("w", "5"), alive("w"), ws("v", "~a"), ends("v"), alive("w")), quiet},
		{"a second one, right away used", after(probe, ws("v", "~a"), say("v", "2probe", "5"), ends("v"), say("w", "5"), alive("w")), quiet},
		{"for a session on a websocket", []step{open, ws("v", "~a"), waits("v"), alive("w")}, quiet},
		{"for a session on a websocket, used", []step{open, ws("v", "~a"), say("v", "2probe"), hear("v", 1), say("v", "5"), ends("w"), alive("v")}, quiet},
		{"for a session that is gone", []step{hello(), do("POST @a\n\n1:1"), ws("w", "~a")}, quiet},
		{"to polling", []step{hello(), ws("w", "@a"), ends("w"), lives("a")}, quiet},
		{"to polling, of a new session", []step{ws("w", "@"), ends("w")}, quiet},
		{"of a base64 session", []step{hello("&b64=1"), ws("w", "~a&b64=1"), say("w", "2probe"), hear("w", 1), say("w", "5"), alive("w")}, quiet},
		{"of a JSONP session", []step{hello("&j=0"), pend("poll", "GET @a&j=1"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), await("poll"), say("w", "5"), alive("w")}, quiet},
		{"the session closes while it probes", after(probe, ask("poll", "GET @a"), do("POST @a\n\n1:4"), await("poll"), ends("w"), lives("a")), quiet},
		{"the client leaves while it probes", after(probe, do("POST @a\n\n1:1"), ends("w"), lives("a")), quiet},
		{"a malformed payload while it probes", after(probe, do("POST @a\n\nx"), ends("w"), lives("a")), quiet},
		{"overlapping polls while it probes", []step{hello(), pend("poll", "GET @a"), ws("w", "~a"), do("GET @a"), await("poll"), ends("w"), lives("a")}, quiet},
		{"closing when the probe comes", []step{hello(), do("POST @a\n\n1:4"), ws("w", "~a"), say("w", "2probe"), hear("w", 1), say("w", "5"), ends("w"), do("GET @a")}, quiet},
		{"closing when the upgrade comes", after(probe, do("POST @a\n\n1:4"), say("w", "5"), ends("w"), do("GET @a")), quiet},
		{"a post is under way", after(probe, pend("post", "POST @a\nContent-Length: 3\n\n1"), say("w", "5"), alive("w"), waits("post"), alive("w")), quiet},
		{"a post is under way, and ends", after(probe, pend("post", "POST @a\nContent-Length: 3\n\n1"), say("w", "5"), alive("w"), put("post", ":2"), waits("post"), alive("w")), quiet},
		{"then the client leaves", after(probe, say("w", "5"), alive("w"), put("w", masked(closeFrame, "")), closed("w"), ends("w"), do("GET @a", "GET ~a")), quiet},
		{"then the server closes", after(probe, say("w", "5"), alive("w"), say("w", "4"), ends("w"), do("GET @a")), quiet},
		{"then HEAD and OPTIONS", after(probe, say("w", "5"), alive("w"), do("HEAD @a", "OPTIONS @a"), alive("w")), quiet},
	}
}

// closed remembers that a close frame went out.
func closed(name string) step { return func(p *play) { p.lines[name].closed = true } }

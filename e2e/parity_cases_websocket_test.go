//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// fin marks the last fragment of a message.
const fin = 0x80

// The headers of a handshake.
const (
	wsKey  = "\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	wsUp   = "\nUpgrade: websocket\nConnection: Upgrade"
	wsFull = wsUp + "\nSec-WebSocket-Version: 13" + wsKey
)

// legalFrames leave the session alive.
var legalFrames = map[string]string{
	"ping":                          masked(pingFrame, ""),
	"ping with data":                masked(pingFrame, "hello"),
	"ping of 125 bytes":             masked(pingFrame, strings.Repeat("x", 125)),
	"ping, not masked":              bare(pingFrame, "x"),
	"pong":                          masked(pongFrame, "x"),
	"text in two fragments":         masked(1, "40/") + masked(fin, "x"),
	"text in three fragments":       masked(1, "40/") + masked(0, "x") + masked(fin, "y"),
	"text with an empty fragment":   masked(1, "") + masked(0, "40/x") + masked(fin, ""),
	"letters cut by fragments":      masked(1, "40/\xe6") + masked(fin, "\x97\xa5"),
	"ping among fragments":          masked(1, "40/") + masked(pingFrame, "p") + masked(fin, "x"),
	"binary in two fragments":       masked(2, "\x02") + masked(fin, "x"),
	"text, not masked":              bare(textFrame, "40/x"),
	"length in 16 bits, small":      "\x81\xfe\x00\x01\x00\x00\x00\x002",
	"length in 64 bits, small":      "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x002",
	"text of 126 bytes":             masked(textFrame, "40/"+strings.Repeat("x", 123)),
	"text of 65,535 bytes":          masked(textFrame, "6"+strings.Repeat("x", 65534)),
	"text of 65,536 bytes":          masked(textFrame, "6"+strings.Repeat("x", 65535)),
	"a namespace of 70,000 letters": masked(textFrame, "40/"+strings.Repeat("x", 70_000)),
	"two frames at once":            masked(textFrame, "40/x") + masked(textFrame, "40/y"),
}

// finalFrames end it.
var finalFrames = map[string]string{
	"close":                           masked(closeFrame, ""),
	"close 1000":                      masked(closeFrame, closing(1000, "")),
	"close 1000 with a reason":        masked(closeFrame, closing(1000, "bye")),
	"close 1001":                      masked(closeFrame, closing(1001, "")),
	"close 1002":                      masked(closeFrame, closing(1002, "")),
	"close 1003":                      masked(closeFrame, closing(1003, "")),
	"close 1004":                      masked(closeFrame, closing(1004, "")),
	"close 1005":                      masked(closeFrame, closing(1005, "")),
	"close 1006":                      masked(closeFrame, closing(1006, "")),
	"close 1007":                      masked(closeFrame, closing(1007, "")),
	"close 1011":                      masked(closeFrame, closing(1011, "")),
	"close 1012":                      masked(closeFrame, closing(1012, "")),
	"close 1014":                      masked(closeFrame, closing(1014, "")),
	"close 1015":                      masked(closeFrame, closing(1015, "")),
	"close 2999":                      masked(closeFrame, closing(2999, "")),
	"close 3000":                      masked(closeFrame, closing(3000, "")),
	"close 4999":                      masked(closeFrame, closing(4999, "x")),
	"close 5000":                      masked(closeFrame, closing(5000, "")),
	"close 0":                         masked(closeFrame, closing(0, "")),
	"close of one byte":               masked(closeFrame, "x"),
	"close with invalid UTF-8":        masked(closeFrame, closing(1000, "\xff")),
	"close, not masked":               bare(closeFrame, closing(1000, "")),
	"close, then text":                masked(closeFrame, closing(1000, "")) + masked(textFrame, "40/x"),
	"text, then close":                masked(textFrame, "40/x") + masked(closeFrame, closing(1000, "")),
	"close among fragments":           masked(1, "40/") + masked(closeFrame, closing(1000, "")),
	"close in fragments":              masked(8, ""),
	"ping in fragments":               masked(9, ""),
	"ping of 126 bytes":               masked(pingFrame, strings.Repeat("x", 126)),
	"close of 126 bytes":              masked(closeFrame, closing(1000, strings.Repeat("x", 124))),
	"continuation of nothing":         masked(fin, "x"),
	"continuation of nothing, open":   masked(0, "x"),
	"text within fragments":           masked(1, "4") + masked(textFrame, "0"),
	"binary within fragments":         masked(1, "4") + masked(binaryFrame, "0"),
	"opcode 3":                        masked(fin|3, "x"),
	"opcode 7":                        masked(fin|7, ""),
	"opcode 11":                       masked(fin|11, ""),
	"opcode 15":                       masked(fin|15, "x"),
	"bit RSV1":                        masked(fin|0x40|1, "2"),
	"bit RSV2":                        masked(fin|0x20|1, "2"),
	"bit RSV3":                        masked(fin|0x10|1, "2"),
	"bit RSV1 on a ping":              masked(fin|0x40|9, ""),
	"bit RSV1 on a continuation":      masked(1, "4") + masked(fin|0x40, "0"),
	"invalid UTF-8":                   masked(textFrame, "40/\xff"),
	"invalid UTF-8, surrogate":        masked(textFrame, "40/\xed\xa0\x80"),
	"invalid UTF-8, overlong":         masked(textFrame, "40/\xc0\xaf"),
	"invalid UTF-8, too high":         masked(textFrame, "40/\xf4\x90\x80\x80"),
	"invalid UTF-8, cut":              masked(textFrame, "40/\xe6\x97"),
	"invalid UTF-8 in fragments":      masked(1, "40/\xff") + masked(fin, "x"),
	"length with the highest bit":     "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00",
	"length beyond 2^53":              "\x81\xff\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"length of 200 MB":                "\x81\xff\x00\x00\x00\x00\x0b\xeb\xc2\x00\x00\x00\x00\x00",
	"length of 200 MB, not text":      "\x82\xff\x00\x00\x00\x00\x0b\xeb\xc2\x00\x00\x00\x00\x00",
	"two errors":                      masked(fin|3, "x") + masked(fin|3, "x"),
	"an error after a packet":         masked(textFrame, "40/x") + masked(fin|3, "x"),
	"an empty packet":                 masked(textFrame, ""),
	"a packet that the server closes": masked(textFrame, "4"),
}

// websockets are frames, legal and not. What is legal leaves the session alive; all else ends it with a code.
func websockets() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(legalFrames)) {
		all = append(all, exchange{"legal: " + name, []step{open, put("w", legalFrames[name]), alive("w")}, quiet})
	}
	for _, name := range slices.Sorted(maps.Keys(finalFrames)) {
		if strings.HasPrefix(name, "invalid") { // which is legal to the original
			all = append(all, exchange{"ends: " + name, []step{open, put("w", finalFrames[name]), hear("w", 1), waits("w")}, quiet})
			continue
		}
		steps := []step{open, put("w", finalFrames[name])}
		if strings.HasPrefix(name, "close") && !strings.HasPrefix(name, "close in") && !strings.HasPrefix(name, "close of 126") {
			steps = append(steps, closed("w"))
		}
		all = append(all, exchange{"ends: " + name, append(steps, ends("w"), do("GET @a")), quiet})
	}
	return append(all,
		exchange{"ends: connection closed", []step{open, hangUp("w"), settled, do("GET @a")}, quiet},
		exchange{"ends: in the middle of a frame", []step{open, put("w", masked(textFrame, "40/x")[:4]), hangUp("w"), settled, do("GET @a")}, quiet},
		exchange{"ends: by the server, client sends on", []step{open, say("w", "4"), say("w", "40/x", "2"), ends("w"), do("GET @a")}, quiet},
		exchange{"a frame in pieces", []step{open, put("w", masked(textFrame, "40/x")[:1]), waits("w"),
			put("w", masked(textFrame, "40/x")[1:5]), waits("w"), put("w", masked(textFrame, "40/x")[5:]), alive("w")}, quiet},
	)
}

// refusedUpgrades get no websocket from the original.
var refusedUpgrades = map[string]string{
	"version 12":                "GET ~" + wsUp + "\nSec-WebSocket-Version: 12" + wsKey,
	"version 0":                 "GET ~" + wsUp + "\nSec-WebSocket-Version: 0" + wsKey,
	"version a word":            "GET ~" + wsUp + "\nSec-WebSocket-Version: x" + wsKey,
	"version missing":           "GET ~" + wsUp + wsKey,
	"key missing":               "GET ~" + wsUp + "\nSec-WebSocket-Version: 13",
	"key empty":                 "GET ~" + wsUp + "\nSec-WebSocket-Version: 13\nSec-WebSocket-Key:",
	"another protocol":          "GET ~\nUpgrade: h2c\nConnection: Upgrade\nSec-WebSocket-Version: 13" + wsKey,
	"POST":                      "POST ~" + wsFull + "\n\n",
	"HEAD":                      "HEAD ~" + wsFull,
	"OPTIONS":                   "OPTIONS ~" + wsFull,
	"POST with a session":       "POST ~&sid=x" + wsFull + "\n\n",
	"HTTP/1.0":                  "GET ~ HTTP/1.0" + wsFull,
	"transport unknown":         "GET /socket.io/?EIO=3&transport=carrier" + wsFull,
	"transport missing":         "GET /socket.io/?EIO=3" + wsFull,
	"sid unknown":               "GET ~&sid=x" + wsFull,
	"sid unknown, with origin":  "GET ~&sid=x\nOrigin: http://a" + wsFull,
	"transport polling, POST":   "POST @" + wsFull + "\n\n",
	"origin of odd bytes":       "GET ~\nOrigin: http://ex\x7fmple" + wsFull,
	"path without a slash":      "GET /socket.io?EIO=3&transport=websocket&x" + wsFull + "\nConnection: close",
	"EIO 4":                     "GET /socket.io/?EIO=4&transport=websocket" + wsFull,
	"extensions malformed":      "GET ~" + wsFull + "\nSec-WebSocket-Extensions: permessage-deflate; a=\"b",
	"extensions malformed 2":    "GET ~" + wsFull + "\nSec-WebSocket-Extensions: ;",
	"extensions malformed 3":    "GET ~" + wsFull + "\nSec-WebSocket-Extensions: permessage-deflate;",
	"deflate with unknown":      "GET ~" + wsFull + "\nSec-WebSocket-Extensions: permessage-deflate; nonsense=1",
	"deflate with a bad window": "GET ~" + wsFull + "\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
}

// acceptedHeaders beside those of every handshake.
var acceptedHeaders = map[string][]string{
	"plain":                        nil,
	"with an origin":               {"Origin: http://example.org"},
	"with cookies":                 {"Cookie: io=abc"},
	"with Trident":                 {"User-Agent: Trident/7.0"},
	"a protocol":                   {"Sec-WebSocket-Protocol: chat"},
	"two protocols":                {"Sec-WebSocket-Protocol: one, two"},
	"two protocol headers":         {"Sec-WebSocket-Protocol: one", "Sec-WebSocket-Protocol: two"},
	"an empty protocol":            {"Sec-WebSocket-Protocol:"},
	"deflate":                      {"Sec-WebSocket-Extensions: permessage-deflate"},
	"deflate as browsers offer it": {"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"},
	"deflate without takeover":     {"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	"another extension":            {"Sec-WebSocket-Extensions: x-webkit-deflate-frame"},
	"an empty extension":           {"Sec-WebSocket-Extensions:"},
	"with a length":                {"Content-Length: 0"},
	"with Accept-Encoding":         {"Accept-Encoding: gzip"},
}

// oddUpgrades may succeed.
var oddUpgrades = map[string]string{
	"version 8":                   "GET ~" + wsUp + "\nSec-WebSocket-Version: 8" + wsKey,
	"key too short":               "GET ~" + wsUp + "\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: abc",
	"key no base64":               "GET ~" + wsUp + "\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!!!",
	"version with a blank":        "GET ~" + wsUp + "\nSec-WebSocket-Version:  13 " + wsKey,
	"version 13.0":                "GET ~" + wsUp + "\nSec-WebSocket-Version: 13.0" + wsKey,
	"upgrade in capitals":         "GET ~\nUpgrade: WebSocket\nConnection: UPGRADE\nSec-WebSocket-Version: 13" + wsKey,
	"connection with more":        "GET ~\nUpgrade: websocket\nConnection: keep-alive, Upgrade\nSec-WebSocket-Version: 13" + wsKey,
	"two connection headers":      "GET ~\nUpgrade: websocket\nConnection: keep-alive\nConnection: Upgrade\nSec-WebSocket-Version: 13" + wsKey,
	"upgrade to one of two":       "GET ~\nUpgrade: websocket, h2c\nConnection: Upgrade\nSec-WebSocket-Version: 13" + wsKey,
	"b64":                         "GET ~&b64=1" + wsFull,
	"EIO missing":                 "GET /socket.io/?transport=websocket" + wsFull,
	"EIO 2":                       "GET /socket.io/?EIO=2&transport=websocket" + wsFull,
	"j":                           "GET ~&j=0" + wsFull,
	"a name in the path":          "GET /socket.io/x?EIO=3&transport=websocket" + wsFull,
	"sid empty":                   "GET ~&sid=" + wsFull,
	"with frames in the same go":  "GET ~" + wsFull + "\nContent-Length: 0\n\n" + masked(textFrame, "40/early"),
	"absolute form, other origin": "GET ~\nHost: other.example\nOrigin: http://a" + wsFull,
}

// websocketHandshakes are requests to upgrade.
func websocketHandshakes() []exchange {
	all := single(quiet, refusedUpgrades)
	for _, name := range slices.Sorted(maps.Keys(acceptedHeaders)) {
		all = append(all, exchange{name, []step{ws("w", "~", acceptedHeaders[name]...), greeted("w"), alive("w")}, quiet})
	}
	for _, name := range slices.Sorted(maps.Keys(oddUpgrades)) {
		all = append(all, exchange{name, []step{askFrames("w", oddUpgrades[name])}, quiet})
	}
	return all
}

// askFrames sends a handshake as it is written, and if it succeeds, looks whether the session lives.
func askFrames(name, text string) step {
	return func(p *play) {
		p.ask(name, text)
		status, _ := p.answer(name)
		if status == 101 {
			p.lines[name].inFrames = true
			greeted(name)(p)
			alive(name)(p)
		}
	}
}

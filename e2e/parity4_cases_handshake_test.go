//go:build e2e

package e2e

// headers4 are the exchanges in which every header counts: see unheard4.
func headers4() []exchange {
	return []exchange{
		{"of a handshake", []step{all, hello()}, quiet},
		{"of a handshake, with an origin", []step{all, do("GET @\nOrigin: http://example.org")}, quiet},
		{"of a poll", []step{quietly(hello()), all, do("POST @a\n\n40", "GET @a")}, quiet},
		{"of a poll, with an origin", []step{quietly(hello()), all, do("POST @a\nOrigin: http://a\n\n40", "GET @a\nOrigin: http://a")}, quiet},
		{"of an error", []step{all, do("GET @&sid=x")}, quiet},
		{"of an error, with an origin", []step{all, do("GET @&sid=x\nOrigin: http://a")}, quiet},
		{"of a preflight request", []step{quietly(hello()), all, do("OPTIONS @a\nOrigin: http://a\nAccess-Control-Request-Method: POST")}, quiet},
		{"of a websocket", []step{all, open}, quiet},
	}
}

// handshakes4 begin a session, or do not, and ask for one that exists.
func handshakes4() []exchange {
	mix := func(name string, requests ...string) exchange {
		return exchange{name, []step{hello(), do(requests...), lives("a")}, quiet}
	}
	all := append(single(quiet, handshakeRequests), single(quiet, map[string]string{
		"EIO 4, with more behind":    "GET /socket.io/?EIO=4x&transport=polling",
		"EIO 4 with zeros":           "GET /socket.io/?EIO=04&transport=polling",
		"EIO 4 with a point":         "GET /socket.io/?EIO=4.0&transport=polling",
		"EIO 4 with a blank":         "GET /socket.io/?EIO=+4&transport=polling",
		"EIO 4 in hexadecimal":       "GET /socket.io/?EIO=0x4&transport=polling",
		"EIO 4 twice":                "GET /socket.io/?EIO=4&EIO=4&transport=polling",
		"EIO 4, then 3":              "GET /socket.io/?EIO=4&EIO=3&transport=polling",
		"EIO 3, then 4":              "GET /socket.io/?EIO=3&EIO=4&transport=polling",
		"EIO 4 escaped":              "GET /socket.io/?EIO=%34&transport=polling",
		"EIO huge":                   "GET /socket.io/?EIO=99999999999999999999&transport=polling",
		"transport webtransport":     "GET /socket.io/?EIO=4&transport=webtransport",
		"in small letters":           "GET /socket.io/?eio=4&transport=polling",
		"the client's usual request": "GET @&t=abc123",
	})...)
	return append(all,
		exchange{"sid twice", []step{hello(), pend("poll", "GET @a&sid={a}"), do("POST @a&sid={a}\n\n40/x")}, quiet},
		mix("sid of polling, for websocket", "GET ~a"),
		mix("sid of polling, for an unknown transport", "GET /socket.io/?transport=x&sid={a}"),
		mix("sid of polling, without a transport", "GET /socket.io/?EIO=4&sid={a}"),
		mix("sid with EIO 3", "POST /socket.io/?EIO=3&transport=polling&sid={a}\n\n40"),
		mix("sid without EIO", "POST /socket.io/?transport=polling&sid={a}\n\n40"),
		mix("sid, HEAD", "HEAD @a"),
		mix("sid, PUT", "PUT @a\n\n40"),
		mix("sid, DELETE", "DELETE @a"),
		mix("sid, OPTIONS", "OPTIONS @a"),
		exchange{"sid of a websocket, polled", []step{open, do("GET @a", "POST @a\n\n40"), alive("w")}, quiet},
		exchange{"sid of a session of EIO 3, with EIO 4", []step{do("GET /socket.io/?EIO=3&transport=polling"), do("POST @a\n\n40")}, quiet},
		exchange{"sid with EIO 3, for websocket", []step{hello(), ask("w", "GET /socket.io/?EIO=3&transport=websocket&sid={a}"+wsFull), await("w"), lives("a")}, quiet},
		exchange{"the Socket.IO sid", []step{open, do("GET /socket.io/?EIO=4&transport=polling&sid={b}"), alive("w")}, quiet},
		exchange{"two sessions", []step{hello(), hello(), lives("b"), lives("a")}, quiet},
	)
}

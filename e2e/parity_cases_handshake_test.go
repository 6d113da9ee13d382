//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// single makes an exchange of one request each.
func single(ground ground, requests map[string]string) []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		all = append(all, exchange{name, []step{do(requests[name])}, ground})
	}
	return all
}

// handshakeRequests begin a session, or do not.
var handshakeRequests = map[string]string{
	"polling":                             "GET @",
	"with a time stamp":                   "GET @&t=MP7Fz3x",
	"with an origin":                      "GET @\nOrigin: http://example.org",
	"with the null origin":                "GET @\nOrigin: null",
	"with an empty origin":                "GET @\nOrigin:",
	"with an origin of odd bytes":         "GET @\nOrigin: http://ex\xe4mple",
	"with an origin that names a port":    "GET @\nOrigin: http://localhost:3000",
	"with cookies":                        "GET @\nCookie: io=abc; other=1",
	"base64":                              "GET @&b64=1",
	"base64 that is empty":                "GET @&b64=",
	"base64 that says 0":                  "GET @&b64=0",
	"JSONP":                               "GET @&j=0",
	"JSONP, third":                        "GET @&j=3",
	"JSONP with letters":                  "GET @&j=a1b2",
	"JSONP without a number":              "GET @&j=",
	"JSONP twice":                         "GET @&j=1&j=2",
	"JSONP with an origin":                "GET @&j=0\nOrigin: http://example.org",
	"EIO missing":                         "GET /socket.io/?transport=polling",
	"EIO empty":                           "GET /socket.io/?EIO=&transport=polling",
	"EIO 1":                               "GET /socket.io/?EIO=1&transport=polling",
	"EIO 2":                               "GET /socket.io/?EIO=2&transport=polling",
	"EIO 3.5":                             "GET /socket.io/?EIO=3.5&transport=polling",
	"EIO negative":                        "GET /socket.io/?EIO=-4&transport=polling",
	"EIO a word":                          "GET /socket.io/?EIO=abc&transport=polling",
	"EIO twice":                           "GET /socket.io/?EIO=3&EIO=3&transport=polling",
	"EIO 4":                               "GET /socket.io/?EIO=4&transport=polling",
	"EIO 4 with an origin":                "GET /socket.io/?EIO=4&transport=polling\nOrigin: http://a",
	"EIO 5":                               "GET /socket.io/?EIO=5&transport=polling",
	"no query":                            "GET /socket.io/",
	"empty query":                         "GET /socket.io/?",
	"transport missing":                   "GET /socket.io/?EIO=3",
	"transport empty":                     "GET /socket.io/?EIO=3&transport=",
	"transport unknown":                   "GET /socket.io/?EIO=3&transport=carrier",
	"transport unknown, with an origin":   "GET /socket.io/?EIO=3&transport=carrier\nOrigin: http://a",
	"transport in capitals":               "GET /socket.io/?EIO=3&transport=POLLING",
	"transport twice":                     "GET /socket.io/?EIO=3&transport=polling&transport=polling",
	"transport twice, other":              "GET /socket.io/?EIO=3&transport=polling&transport=websocket",
	"transport flashsocket":               "GET /socket.io/?EIO=3&transport=flashsocket",
	"transport called constructor":        "GET /socket.io/?EIO=3&transport=constructor",
	"transport with escapes":              "GET /socket.io/?EIO=3&transport=p%6flling",
	"transport with a bad escape":         "GET /socket.io/?EIO=3&transport=polling%zz",
	"transport with a plus":               "GET /socket.io/?EIO=3&transport=polling+",
	"transport after a semicolon":         "GET /socket.io/?EIO=3;transport=polling",
	"transport beside a bad escape":       "GET /socket.io/?x=%zz&EIO=3&transport=polling",
	"transport beside a semicolon":        "GET /socket.io/?x=a;b&EIO=3&transport=polling",
	"transport beside empty pairs":        "GET /socket.io/?&&EIO=3&&transport=polling&=&",
	"transport in brackets":               "GET /socket.io/?EIO=3&transport[]=polling",
	"websocket without upgrade":           "GET ~",
	"websocket without upgrade, origin":   "GET ~\nOrigin: http://a",
	"sid unknown":                         "GET @&sid=AAAAAAAAAAAAAAAAAAAA",
	"sid unknown, with an origin":         "GET @&sid=x\nOrigin: http://a",
	"sid empty":                           "GET @&sid=",
	"sid empty twice":                     "GET @&sid=&sid=",
	"sid called __proto__":                "GET @&sid=__proto__",
	"sid called constructor":              "GET @&sid=constructor",
	"sid called toString":                 "GET @&sid=toString",
	"sid unknown, websocket":              "GET ~&sid=x",
	"sid unknown, transport unknown":      "GET /socket.io/?transport=carrier&sid=x",
	"sid unknown, posted":                 "POST @&sid=x\n\n1:2",
	"a method of its own: POST":           "POST @\n\n",
	"a method of its own: POST, body":     "POST @\n\n4:2abc",
	"a method of its own: POST websocket": "POST ~\n\n",
	"a method of its own: PUT":            "PUT @\n\n",
	"a method of its own: DELETE":         "DELETE @",
	"a method of its own: HEAD":           "HEAD @",
	"a method of its own: OPTIONS":        "OPTIONS @",
	"a method of its own: OPTIONS, asked": "OPTIONS @\nOrigin: http://a\nAccess-Control-Request-Method: POST",
	"a method of its own: PATCH":          "PATCH @\n\n",
	"unknown transport, POST":             "POST /socket.io/?transport=carrier\n\n",
	"unknown transport, HEAD":             "HEAD /socket.io/?transport=carrier",
	"MSIE":                                "GET @\nUser-Agent: Mozilla/5.0 (compatible;MSIE 9.0; Windows NT 6.1)",
	"MSIE after a blank":                  "GET @\nUser-Agent: Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)",
	"Trident":                             "GET @\nUser-Agent: Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
	"Trident, JSONP":                      "GET @&j=0\nUser-Agent: Trident/7.0",
	"Trident, error":                      "GET /socket.io/?transport=x\nUser-Agent: Trident/7.0",
	"in HTTP/1.0":                         "GET @ HTTP/1.0",
	"on a connection to be closed":        "GET @\nConnection: close",
	"with a body":                         "GET @\n\n1:2",
	"with a long query":                   "GET @&q=" + strings.Repeat("x", 4000),
	"with Accept-Encoding":                "GET @\nAccept-Encoding: gzip, deflate",
}

func handshakes() []exchange {
	return append(single(quiet, handshakeRequests), sidMixes()...)
}

// sidMixes are requests for a session that exists.
func sidMixes() []exchange {
	mix := func(name string, requests ...string) exchange {
		return exchange{name, []step{hello(), do(requests...), lives("a")}, quiet}
	}
	return []exchange{
		mix("sid twice", "GET @a&sid={a}"),
		mix("sid of polling, for websocket", "GET ~a"),
		mix("sid of polling, for an unknown transport", "GET /socket.io/?transport=x&sid={a}"),
		mix("sid of polling, without a transport", "GET /socket.io/?EIO=3&sid={a}"),
		mix("sid in capital letters", "GET /socket.io/?EIO=3&transport=polling&SID={a}"),
		mix("sid with an escaped first letter", "GET @&sid=%7b{a}"),
		mix("sid in a path", "GET /socket.io/{a}/?EIO=3&transport=polling"),
		mix("sid with another EIO", "POST /socket.io/?EIO=4&transport=polling&sid={a}\n\n1:2", "GET @a"),
		mix("sid of a session with j later", "POST @a\n\n1:2", "GET @a&j=5"),
		mix("sid of a session with b64 later", "POST @a\n\n1:2", "GET @a&b64=1"),
		mix("sid, HEAD", "HEAD @a"),
		mix("sid, PUT", "PUT @a\n\n1:2"),
		mix("sid, PATCH", "PATCH @a\n\n1:2"),
		mix("sid, DELETE", "DELETE @a"),
		mix("sid, DELETE, with an origin", "DELETE @a\nOrigin: http://a"),
		mix("sid, OPTIONS", "OPTIONS @a"),
		mix("sid, OPTIONS, with an origin", "OPTIONS @a\nOrigin: http://a\nAccess-Control-Request-Method: POST\n"+
			"Access-Control-Request-Headers: content-type,x-other"),
		mix("sid, OPTIONS, Trident", "OPTIONS @a\nUser-Agent: Trident/7.0"),
		{"sid, OPTIONS, JSONP", []step{hello("&j=0"), do("OPTIONS @a&j=0")}, quiet},
		{"sid, HEAD, JSONP", []step{hello("&j=0"), do("HEAD @a&j=0")}, quiet},
		{"sid of a websocket, polled", []step{open, do("GET @a", "POST @a\n\n1:2"), alive("w")}, quiet},
		{"sid of a websocket, for a request without upgrade", []step{open, pend("get", "GET ~a"), pend("post", "POST ~a\n\n1:2"), pend("head", "HEAD ~a"), alive("w")}, quiet},
		{"two sessions", []step{hello(), hello(), lives("b"), lives("a")}, quiet},
	}
}

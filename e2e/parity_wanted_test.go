//go:build e2e

package e2e

// everywhere are the headers that are not compared at all, each with its reason.
var everywhere = map[string]string{
	"Date":              "differs from one second to the next",
	"Keep-Alive":        "says how long Node keeps an idle connection; we keep it as well and do not say so",
	"Content-Length":    "how the end of a body is told is HTTP's own affair; the bodies are compared",
	"Transfer-Encoding": "the same",
	"X-Powered-By":      "Express advertises itself, which we are not",
}

// wanted are the differences that we mean, each with its reason. The same table stands in docs/. A difference that is
// not listed fails the test, and so does a listed one that is gone.
var wanted = []difference{
	{"what ends the original's process is dropped, and the sender stays", []string{
		`argument: none`, `argument: []`, `argument: ["one","two"]`, `argument: [[],[]]`, `argument: [null,null]`,
		`argument: {"toString":1}`, `argument: {"toString":1,"valueOf":2}`, `argument: {"toString":null}`,
		`argument: [{"toString":1}]`, `argument: [[{"toString":1}]]`, `argument: {"constructor":null}`,
		`argument: {"_placeholder":true} with "abc"`, `argument: {"_placeholder":true,"num":5} with "abc"`,
		`argument: {"_placeholder":true,"num":-1} with "abc"`, `argument: {"_placeholder":true,"num":"push"} with "abc"`,
		`event: called error`, `event: called error, with text`, `event: called error, with an object`,
		`event: called error, binary`, `event: called error, after leaving`, `event: named by an array, no argument`,
	}},
	{"chat without a text is dropped, whether or not there is an ack; the original hands the asker Redis's error", []string{
		`event: none but an ack's function`,
	}},
	{"what a placeholder's num names in JavaScript's arrays beside their elements is taken as out of range", []string{
		`argument: {"_placeholder":true,"num":"length"} with "abc"`, `argument: [{"_placeholder":true,"num":"length"}] with "abc"`,
		`packet: binary event, placeholder num has no text`,
	}},
	{"an event's name is a string; the original takes what JavaScript turns into one", []string{
		`event: named by an array`, `event: named by an array in an array`, `event: named by an attachment`,
	}},
	{"who has left hears and says nothing; the original looks once more at what came in the same piece", []string{
		`event: over polling, right behind the leaving`,
	}},
	{"a session's own packets, such as a pong, go out before the lines that everybody hears", []string{
		`event: over polling, in binary`,
	}},
	{"clients of 3.x and 4.x are served as they expect, and those of the future are told that they are not, where the original takes all for its own", []string{
		`handshake: EIO 4`, `handshake: EIO 4 with an origin`, `handshake: EIO 5`,
	}},
	{"a message has at most 1 MB, as in 2.5, not 100 MB; too long a body is answered with 413", []string{
		`payload: 2 MB`,
	}},
	{"permessage-deflate is refused, as 2.5 does; what is wrong with an offer does not matter then", []string{
		`websocket handshake: deflate`, `websocket handshake: deflate as browsers offer it`,
		`websocket handshake: deflate without takeover`, `websocket handshake: deflate with unknown`,
		`websocket handshake: deflate with a bad window`, `websocket handshake: extensions malformed`,
		`websocket handshake: extensions malformed 2`, `websocket handshake: extensions malformed 3`,
	}},
	{"who breaks the websocket protocol is told by a close frame (RFC 6455, 7.1.7); the original only hangs up", []string{
		`websocket: ends: an error after a packet`, `websocket: ends: binary within fragments`, `websocket: ends: bit RSV1`,
		`websocket: ends: bit RSV1 on a continuation`, `websocket: ends: bit RSV1 on a ping`, `websocket: ends: bit RSV2`,
		`websocket: ends: bit RSV3`, `websocket: ends: close 0`, `websocket: ends: close 1004`, `websocket: ends: close 1005`,
		`websocket: ends: close 1006`, `websocket: ends: close 1014`, `websocket: ends: close 1015`,
		`websocket: ends: close 2999`, `websocket: ends: close 5000`, `websocket: ends: close in fragments`,
		`websocket: ends: close of 126 bytes`, `websocket: ends: close of one byte`, `websocket: ends: continuation of nothing`,
		`websocket: ends: continuation of nothing, open`, `websocket: ends: length beyond 2^53`,
		`websocket: ends: length of 200 MB`, `websocket: ends: length of 200 MB, not text`,
		`websocket: ends: length with the highest bit`, `websocket: ends: opcode 3`, `websocket: ends: opcode 7`,
		`websocket: ends: opcode 11`, `websocket: ends: opcode 15`, `websocket: ends: ping in fragments`,
		`websocket: ends: ping of 126 bytes`, `websocket: ends: text within fragments`, `websocket: ends: two errors`,
		`upgrade: given up with an error`,
	}},
	{"frames of a client have to be masked, and text has to be UTF-8 (RFC 6455, 5.1 and 8.1); the original does not look", []string{
		`websocket: legal: ping, not masked`, `websocket: legal: text, not masked`, `websocket: ends: close, not masked`,
		`websocket: ends: invalid UTF-8`, `websocket: ends: invalid UTF-8 in fragments`, `websocket: ends: invalid UTF-8, cut`,
		`websocket: ends: invalid UTF-8, overlong`, `websocket: ends: invalid UTF-8, surrogate`,
		`websocket: ends: invalid UTF-8, too high`, `websocket: ends: close with invalid UTF-8`,
	}},
	{"a binary payload is read strictly; the original reads on from some other place, or for ever", []string{
		`payload: binary, multibyte text`, `payload: binary, too short`, `payload: binary, too short after a ping`,
	}},
	{"a count of attachments that counts nothing ends the session; the original waits for them for ever", []string{
		`packet: binary event, count Infinity`, `packet: binary event, count huge`, `packet: binary event, count with a fraction`,
		`event: a huge count`,
	}},
	{"a session on a websocket has nothing to upgrade to; the original lets one websocket replace the other", []string{
		`upgrade: for a session on a websocket`, `upgrade: for a session on a websocket, used`,
	}},
	{"a plain request for a websocket's session is answered; the original never answers it", []string{
		`handshake: sid of a websocket, for a request without upgrade`,
	}},
	{"requests that are sent without waiting for answers are read one after the other, so they cannot overlap", []string{
		`polling: two polls at once`, `polling: two posts at once`,
	}},
	{"an origin is echoed byte by byte; the original spoils what is not ASCII", []string{
		`handshake: with an origin of odd bytes`,
	}},
	{"a namespace is a name, not the address that url.parse takes it for", []string{
		`namespace: connect to "//user@host/x"`, `namespace: connect to "//a:b@c:80/d?e"`,
	}},
	{"an upgrade that nobody offers is ignored, as HTTP has it; the original hangs up after a second", []string{
		`methods and paths: upgrade to something on the page`, `websocket handshake: path without a slash`,
		`timers: a websocket upgrade on another path`, `timers: a websocket upgrade on the page`,
	}},
	{"an error page does not show where in the source it comes from", []string{
		`static: If-Match, other`, `static: If-Unmodified-Since, earlier`,
		`static: If-Range, range that cannot be`, `static: range and a false If-Match`, `static: range, a dash`,
		`static: range, a negative`, `static: range, all beyond`,
		`static: range, backwards`, `static: range, empty`, `static: range, letters`, `static: range, nothing`,
		`static: range, the whole by its end`,
	}},
	{"a date is one of HTTP's three forms; JavaScript reads others, too", []string{
		`static: If-Modified-Since, ISO`,
	}},
	{"Pragma: no-cache counts as Cache-Control: no-cache (RFC 9111, 5.4)", []string{
		`static: If-None-Match, Pragma`,
	}},
	{"net/http says in a few words what it cannot read", []string{
		`methods and paths: HTTP/1.1 without a host`, `methods and paths: a header with a blank before colon`,
		`methods and paths: a header with a control byte`, `methods and paths: a header without a colon`,
		`methods and paths: a length that is no number`, `methods and paths: no method`, `methods and paths: no slash`,
		`methods and paths: not HTTP`, `methods and paths: two lengths`, `websocket handshake: origin of odd bytes`,
	}},
	{"net/http reads HTTP here more strictly, there more freely than Node; no client of the chat sends these", []string{
		`methods and paths: HTTP/0.9`, `methods and paths: HTTP/1.1 with an odd host`, `methods and paths: HTTP/1.1 with two hosts`,
		`methods and paths: HTTP/1.2`, `methods and paths: HTTP/2 preface`, `methods and paths: HTTP/2.0`,
		`methods and paths: a folded header`, `methods and paths: a method in small letters`,
		`methods and paths: a method nobody knows`, `methods and paths: an empty line before the request`,
		`methods and paths: chunks with an unknown coding`, `methods and paths: length and chunks`,
		`methods and paths: line feeds only`, `methods and paths: page, CONNECT`,
		`methods and paths: two blanks in the request line`, `methods and paths: unknown path with a bad escape`,
		`methods and paths: unknown path with bytes`, `methods and paths: unknown path with half an escape`,
		`methods and paths: headers that are too long`, `methods and paths: Expect: something`,
	}},
	{"100 Continue is sent when a body is wanted, not before the request is looked at", []string{
		`methods and paths: Expect: 100-continue`, `methods and paths: Expect: 100-continue, no session`,
	}},
}

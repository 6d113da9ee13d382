//go:build e2e

package e2e

// unheard4 are headers that are not compared with 4.8's beyond the chapter "header", each with its reason.
var unheard4 = map[string]string{
	"Set-Cookie":                       "4.x sets no cookie unless told to; ours is 2.1.1's for all clients, as load balancers may hold on to it",
	"Access-Control-Allow-Origin":      "4.x allows no other origin unless told to; ours allows all, as 2.1.1 does, for all clients",
	"Access-Control-Allow-Credentials": "the same",
	"Access-Control-Allow-Headers":     "the same",
	"Cache-Control":                    "4.x says no-store; the client never asks for the same address twice, and 2.1.1 says nothing",
}

// wanted4 are the differences from 4.8 that we mean, each with its reason. The same table stands in docs/.
var wanted4 = []difference{
	{"all origins are allowed and a cookie is set, as 2.1.1 does, and no answer forbids to store it", []string{
		`header: of a handshake`, `header: of a handshake, with an origin`, `header: of a poll`, `header: of a poll, with an origin`,
		`header: of an error`, `header: of an error, with an origin`, `header: of a preflight request`, `handshake: sid, OPTIONS`,
	}},
	{"a client of 1.x or 2.x is served as 2.1.1 serves it, not as 4.8 does with allowEIO3", []string{
		`handshake: EIO 1`, `handshake: EIO 2`, `handshake: EIO 3.5`, `handshake: EIO a word`, `handshake: EIO empty`,
		`handshake: EIO missing`, `handshake: EIO negative`, `handshake: EIO twice`, `handshake: in small letters`,
		`handshake: transport beside a bad escape`, `handshake: transport beside a semicolon`,
		`handshake: transport beside empty pairs`, `handshake: transport with escapes`, `handshake: EIO 4 in hexadecimal`,
		`handshake: EIO 4 with a blank`, `handshake: EIO 4 with a point`, `handshake: EIO 4, with more behind`,
		`handshake: sid of a session of EIO 3, with EIO 4`, `websocket handshake: EIO 2`, `websocket handshake: EIO missing`,
		`websocket handshake: a name in the path`, `a client of 2.x: is greeted on a websocket`,
		`a client of 2.x: is greeted when it polls`, `a client of 2.x: pongs`, `a client of 2.x: connects once more`,
		`a client of 2.x: leaves and comes back`, `a client of 2.x: says what is no JSON`, `a client of 2.x: asks for a stranger`,
		`a client of 2.x: asks for a stranger with a query`, `a client of 2.x: polls and posts`, `a client of 2.x: polls with Japanese`,
	}},
	{"an EIO above 4 is refused, with the code that 4.x has for it; 4.8 takes it for 3", []string{
		`handshake: EIO 5`, `handshake: EIO huge`,
	}},
	{"EIO is a number, and a parameter that comes twice is no known value, as in 2.1.1; 4.8 takes the last", []string{
		`handshake: EIO 4 with zeros`, `handshake: EIO 4 twice`, `handshake: EIO 4, then 3`, `handshake: EIO 3, then 4`, `handshake: JSONP twice`,
		`handshake: sid empty twice`, `handshake: sid twice`, `handshake: transport twice`, `handshake: transport twice, other`,
	}},
	{"overlapping requests are answered with 500, as 2.1.1 does, not with 400; the session ends in both", []string{
		`polling: overlapping polls`, `polling: overlapping polls, three`, `polling: overlapping polls, JSONP`, `polling: overlapping posts`,
		`polling: overlapping posts, a poll pending`, `polling: server closes, overlap follows`, `upgrade: overlapping polls while it probes`,
	}},
	{"too long a body ends the session, whose client gives up then anyway; in 4.8 it goes on without what was lost", []string{
		`payload: 1,000,001 bytes`, `payload: 1,000,001 bytes in chunks`, `payload: 2 MB`, `payload: 600,000 letters of two bytes`,
	}},
	{"a payload is text, whatever type it has; 4.8 refuses application/octet-stream", []string{
		`payload: octets`,
	}},
	{"CONNECT and DISCONNECT count at once; 4.8 acts on them a moment later, and what comes right behind them ends the session or is lost", []string{
		`payload: connect and event`, `payload: a disconnect, then a connect again`, `payload: a disconnect, then an event`,
		`CONNECT: over polling, twice in one payload`, `CONNECT: with an event right behind`, `CONNECT: twice at once`,
		`event: right behind CONNECT`, `event: over polling, right behind CONNECT`, `packet: disconnect, then event at once`,
		`packet: disconnect, then binary`, `packet: disconnect twice`, `packet: disconnect, then connect`, `packet: disconnect, then connect /`,
		`event: over polling, right behind the leaving`,
	}},
	{"what was said before the end of the session counts; 4.8 loses a line that comes in the same payload", []string{
		`event: over polling, before a bad packet`, `event: over polling, before leaving`,
	}},
	{"what JavaScript takes for true marks a placeholder, as in 2.1.1; 4.8 wants true itself", []string{
		`argument: {"_placeholder":"yes","num":"0"} with "abc"`, `argument: {"_placeholder":1,"num":0} with "abc"`,
		`argument: {"_placeholder":[],"num":0} with "abc"`,
	}},
	{"what ends the original's process is dropped, and the sender stays", []string{
		`argument: none`, `argument: []`, `argument: ["one","two"]`, `argument: [[],[]]`, `argument: [null,null]`,
		`argument: {"toString":1}`, `argument: {"toString":1,"valueOf":2}`, `argument: {"toString":null}`,
		`argument: [{"toString":1}]`, `argument: [[{"toString":1}]]`, `argument: {"constructor":null}`,
	}},
	{"chat without a text is dropped, whether or not there is an ack; the original hands the asker Redis's error", []string{
		`event: none but an ack's function`,
	}},
	{"a session on a websocket has nothing to upgrade to; 4.8 lets one websocket replace the other", []string{
		`upgrade: for a session on a websocket`, `upgrade: for a session on a websocket, used`,
	}},
	{"a websocket handshake is judged as 2.1.1 does, and refused in its few words", []string{
		`websocket handshake: another protocol`, `websocket handshake: upgrade to one of two`, `websocket handshake: key empty`,
		`websocket handshake: key missing`, `websocket handshake: key no base64`, `websocket handshake: key too short`,
		`websocket handshake: version 0`, `websocket handshake: version 12`, `websocket handshake: version a word`,
		`websocket handshake: version missing`, `websocket handshake: an empty protocol`,
	}},
	{"frames that come with the handshake are read; 4.8 loses the first", []string{
		`websocket handshake: with frames in the same go`,
	}},
	{"a close frame is answered as 2.1.1 does", []string{
		`websocket: ends: close 1000`, `websocket: ends: close among fragments`, `websocket: ends: close, then text`,
		`websocket: ends: text, then close`, `upgrade: given up with a close frame`, `websocket: ends: close 1014`,
		`websocket: ends: close with invalid UTF-8`, `websocket: ends: length with the highest bit`,
	}},
	{"an upgrade that nobody offers is ignored, as HTTP has it; the original hangs up", []string{
		`websocket handshake: path without a slash`,
	}},
	{"net/http says in a few words what it cannot read", []string{
		`websocket handshake: origin of odd bytes`,
	}},
}

//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// octets is the type of binary payloads.
const octets = "\nContent-Type: application/octet-stream\n\n"

// bodies follow the target of a POST: headers, an empty line, the payload.
var bodies = map[string]string{
	"a ping":                              "\n\n1:2",
	"a ping with data":                    "\n\n7:2probex",
	"a probe ping":                        "\n\n6:2probe",
	"two pings":                           "\n\n1:21:2",
	"three pings":                         "\n\n1:21:21:2",
	"ping and event":                      "\n\n1:212:42[\"nobody\"]",
	"event that nobody hears":             "\n\n12:42[\"nobody\"]",
	"text/plain":                          "\nContent-Type: text/plain;charset=UTF-8\n\n1:2",
	"a form's type":                       "\nContent-Type: application/x-www-form-urlencoded\n\n1:2",
	"JSON's type":                         "\nContent-Type: application/json\n\n1:2",
	"with an origin":                      "\nOrigin: http://a\n\n1:2",
	"with Trident":                        "\nUser-Agent: Trident/7.0\n\n1:2",
	"in chunks":                           "\nTransfer-Encoding: chunked\n\n1\r\n1\r\n2\r\n:2\r\n0\r\n\r\n",
	"after 100-continue":                  "\nExpect: 100-continue\n\n1:2",
	"a connection to be closed":           "\nConnection: close\n\n1:2",
	"multibyte namespace":                 "\n\n7:40/日本語😀",
	"multibyte namespace, counted":        "\n\n8:40/日本語😀",
	"multibyte namespace, bytes counted":  "\n\n16:40/日本語😀",
	"multibyte, then a ping":              "\n\n8:40/日本語😀1:2",
	"ping before multibyte":               "\n\n1:26:40/日本語",
	"half of a surrogate pair counted":    "\n\n4:40/😀1:2",
	"invalid UTF-8":                       "\n\n4:40/\xff1:2",
	"invalid UTF-8, cut":                  "\n\n4:40/\xe6\x971:2",
	"invalid UTF-8, surrogate":            "\n\n6:40/\xed\xa0\x801:2",
	"invalid UTF-8, overlong":             "\n\n5:40/\xc0\xaf1:2",
	"a byte order mark":                   "\n\n\xef\xbb\xbf1:2",
	"a zero byte":                         "\n\n4:40/\x001:2",
	"empty":                               "\n\n",
	"empty in chunks":                     "\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
	"no body at all":                      "",
	"no colon":                            "\n\nabc",
	"digits only":                         "\n\n12",
	"a colon only":                        "\n\n:",
	"length missing":                      "\n\n:2",
	"length zero":                         "\n\n0:",
	"length zero, then a ping":            "\n\n0:1:2",
	"length zero, several":                "\n\n0:0:0:1:2",
	"length too long":                     "\n\n5:2",
	"length too short":                    "\n\n1:2x",
	"length with zeros":                   "\n\n007:2probex",
	"length with a plus":                  "\n\n+1:2",
	"length with a minus":                 "\n\n-1:2",
	"length minus zero":                   "\n\n-0:1:2",
	"length with a blank":                 "\n\n 1:2",
	"length with a blank behind":          "\n\n1 :2",
	"length with a tab and a newline":     "\n\n\t\n1:2",
	"length blank":                        "\n\n :1:2",
	"length with a wide blank":            "\n\n\u30001:2",
	"length a newline":                    "\n\n\n:1:2",
	"length hexadecimal":                  "\n\n0x7:2probex",
	"length hexadecimal in capitals":      "\n\n0XA:2probeprob",
	"length octal":                        "\n\n0o7:2probex",
	"length binary":                       "\n\n0b111:2probex",
	"length hexadecimal, negative":        "\n\n-0x1:2",
	"length with a fraction":              "\n\n1.5:2",
	"length with a fraction of zero":      "\n\n1.0:2",
	"length with a point":                 "\n\n1.:2",
	"length with a point first":           "\n\n.1e1:2",
	"length with an exponent":             "\n\n1e0:2",
	"length with an exponent, ten":        "\n\n1e1:2probeprob",
	"length with underscore":              "\n\n1_0:2probeprob",
	"length Infinity":                     "\n\nInfinity:2",
	"length NaN":                          "\n\nNaN:2",
	"length true":                         "\n\ntrue:2",
	"length null":                         "\n\nnull:2",
	"length big":                          "\n\n99999999999999999999:2",
	"length of full-width digits":         "\n\n１:2",
	"a bad packet after a good one":       "\n\n1:2x",
	"a bad packet after two good ones":    "\n\n1:21:2x:3",
	"bad length after an error packet":    "\n\n4:40/a9:2",
	"a good packet after a bad one":       "\n\nx:21:2",
	"packet type open":                    "\n\n1:0",
	"packet type open, with data":         "\n\n7:0{\"a\":1",
	"packet type close":                   "\n\n1:1",
	"packet type close, with data":        "\n\n2:1x",
	"packet type close after a ping":      "\n\n1:21:1",
	"packet type close before a ping":     "\n\n1:11:2",
	"packet type pong":                    "\n\n1:3",
	"packet type pong with data":          "\n\n6:3probe",
	"packet type message, empty":          "\n\n1:4",
	"packet type upgrade":                 "\n\n1:5",
	"packet type noop":                    "\n\n1:6",
	"packet type noop with data":          "\n\n2:6x",
	"packet type 7":                       "\n\n1:7",
	"packet type 9":                       "\n\n1:9",
	"packet type a letter":                "\n\n1:a",
	"packet type a blank":                 "\n\n1: ",
	"packet type a full-width digit":      "\n\n1:２",
	"packet type 7 after a ping":          "\n\n1:21:7",
	"base64 ping":                         "\n\n2:b2",
	"base64 stray":                        "\n\n6:b4AQID",
	"base64 without a type":               "\n\n1:b",
	"base64 of type 9":                    "\n\n2:b9",
	"base64 close":                        "\n\n2:b1",
	"base64 broken":                       "\n\n6:b2!!!!",
	"binary ping":                         octets + "\x01\x01\xff\x02",
	"binary, text ping":                   octets + "\x00\x01\xff2",
	"binary, two pings":                   octets + "\x00\x01\xff2\x00\x01\xff2",
	"binary, both kinds":                  octets + "\x00\x01\xff2\x01\x01\xff\x02",
	"binary, text of two digits":          octets + "\x00\x01\x00\xff2probeprob",
	"binary, kind 2":                      octets + "\x02\x01\xff\x02",
	"binary, type 9":                      octets + "\x01\x01\xff\x09",
	"binary, type of a digit":             octets + "\x01\x01\xff2",
	"binary, close":                       octets + "\x01\x01\xff\x01",
	"binary, text close":                  octets + "\x00\x01\xff1",
	"binary, text close, then ping":       octets + "\x00\x01\xff1\x00\x01\xff2",
	"binary, empty":                       octets,
	"binary, empty packet":                octets + "\x01\x00\xff",
	"binary, empty text":                  octets + "\x00\x00\xff",
	"binary, text of type 7":              octets + "\x00\x01\xff7",
	"binary, text of type 7, then ping":   octets + "\x00\x01\xff7\x00\x01\xff2",
	"binary, too short":                   octets + "\x00\x05\xff2",
	"binary, too short after a ping":      octets + "\x00\x01\xff2\x00\x05\xff2",
	"binary, stray message":               octets + "\x01\x04\xff\x04\x01\x02\x03",
	"binary, multibyte text":              octets + "\x00\x0c\xff40/日本語",
	"binary, multibyte text, two digits":  octets + "\x00\x01\x02\xff40/日本語",
	"binary, text of invalid UTF-8":       octets + "\x00\x04\xff40/\xff",
	"binary, text with a surrogate":       octets + "\x00\x06\xff40/\xed\xa0\x80",
	"binary, text with half a letter":     octets + "\x00\x04\xff40/\xe6",
	"binary, base64 text":                 octets + "\x00\x02\xffb2",
	"binary, length digits above 9":       octets + "\x00\x0a\xff2probeprob",
	"binary, leading zero":                octets + "\x00\x00\x01\xff2",
	"binary, text payload in it":          octets + "1:2",
	"binary type with a parameter":        "\nContent-Type: application/octet-stream; charset=x\n\n1:2",
	"binary type with a parameter, bytes": "\nContent-Type: application/octet-stream; charset=x\n\n\x01\x01\xff\x02",
	"binary type in capitals":             "\nContent-Type: Application/Octet-Stream\n\n1:2",
	"binary type, two headers":            "\nContent-Type: application/octet-stream\nContent-Type: text/plain\n\n\x01\x01\xff\x02",
	"binary body without the type":        "\n\n\x01\x01\xff\x02",
	"gzip encoding":                       "\nContent-Encoding: gzip\n\n1:2",
	"2 MB":                                "\n\n2000001:6" + strings.Repeat("x", 2_000_000),
	"long":                                "\n\n100001:2" + strings.Repeat("x", 100_000),
}

// payloads are bodies of one POST, while a poll is pending. What follows tells whether the session lives. One body is
// missing: a binary payload with an empty length ("\x00\xff"), which has the original loop until its memory is full.
func payloads() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		all = append(all, exchange{name, []step{
			hello(), pend("poll", "GET @a"), do("POST @a" + bodies[name]), waits("poll"),
			livesWith("poll", "a"),
		}, quiet})
	}
	return append(all, jsonpPayloads()...)
}

// forms are the bodies of JSONP.
var forms = map[string]string{
	"a ping":                       "d=1%3A2",
	"not escaped":                  "d=1:2",
	"beside other fields":          "x=1&d=1%3A2&y=2",
	"twice":                        "d=1%3A2&d=1%3A2",
	"without d":                    "x=1%3A2",
	"empty d":                      "d=",
	"empty":                        "",
	"d without a value":            "d",
	"d alone, then with one":       "d&d=1%3A2",
	"brackets":                     "d[]=1%3A2",
	"plus as a blank":              "d=8%3A2probe+x",
	"bad escape":                   "d=1%3A2&x=%zz",
	"bad escape in d":              "d=4%3A2%zz",
	"a semicolon":                  "d=1%3A2;x=1",
	"a semicolon in another field": "x=1;y&d=1%3A2",
	"invalid UTF-8":                "d=4%3A40%2F%FF",
	"multibyte":                    "d=8%3A40%2F%E6%97%A5%E6%9C%AC%E8%AA%9E%F0%9F%98%80",
	"multibyte, not escaped":       "d=8%3A40%2F日本語😀",
	"an escaped newline":           `d=5%3A40%2F%5Cnx`,
	"an escaped newline, literal":  `d=5%3A40/\nx`,
	"an escaped backslash n":       `d=6%3A40%2F%5C%5Cnx`,
	"three backslashes and n":      `d=6%3A40%2F%5C%5C%5Cnx`,
	"four backslashes and n":       `d=7%3A40%2F%5C%5C%5C%5Cnx`,
	"five backslashes and n":       `d=8%3A40%2F%5C%5C%5C%5C%5Cnx`,
	"two newlines":                 `d=6%3A40%2F%5Cn%5Cnx`,
	"a backslash, another letter":  `d=6%3A40%2F%5Ctx`,
	"a real newline":               "d=5%3A40%2F%0Ax",
	"malformed payload":            "d=x%3A2",
	"close":                        "d=1%3A1",
	"base64":                       "d=2%3Ab2",
	"two packets":                  "d=1%3A21%3A2",
}

// jsonpPayloads are form posts. Forms turn newlines into something else, so the client escapes them.
func jsonpPayloads() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		all = append(all, exchange{"form: " + name, []step{
			hello("&j=0"), pend("poll", "GET @a&j=1"),
			do("POST @a&j=2\nContent-Type: application/x-www-form-urlencoded\n\n" + forms[name]), waits("poll"),
			livesWith("poll", "a&j=3"),
		}, quiet})
	}
	return append(all,
		exchange{"form: other type", []step{hello("&j=0"), do("POST @a&j=0\nContent-Type: text/plain\n\nd=1%3A2", "GET @a&j=7")}, quiet},
		exchange{"form: octet-stream", []step{hello("&j=0"),
			do("POST @a&j=0\nContent-Type: application/octet-stream\n\nd=1%3A2", "POST @a&j=0\n\nd=1%3A2", "GET @a&j=7")}, quiet},
		exchange{"form: origin", []step{hello("&j=0"), do("POST @a&j=0\nOrigin: http://a\n\nd=1%3A2", "GET @a&j=7")}, quiet},
		exchange{"form: posted without j", []step{hello("&j=0"), do("POST @a\n\nd=1%3A2", "GET @a")}, quiet},
		exchange{"form: posted to a session without j", []step{hello(), do("POST @a&j=0\n\nd=1%3A2", "GET @a")}, quiet},
		exchange{"form: odd letters in the answer", []step{hello("&j=0"), do(
			"POST @a&j=0\n\nd=17%3A40%2F%E2%80%A8%E2%80%A9%3C%2Fscript%3E%22%5C%5C%01", "GET @a&j=0")}, quiet},
	)
}

// livesWith asks whether the session lives, once its poll was looked at. A poll that is still pending would be in the
// way, so it gets a pong first.
func livesWith(poll, session string) step {
	return func(p *play) {
		if p.log.lines[len(p.log.lines)-1] == poll+": waits" {
			do("POST @" + session + p.world.askBody(session))(p)
			await(poll)(p)
		}
		lives(session)(p)
	}
}

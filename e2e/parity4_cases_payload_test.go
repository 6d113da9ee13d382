//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
)

// bodies4 follow the target of a POST: headers, an empty line, the payload.
var bodies4 = map[string]string{
	"a connect":                         "\n\n40/x",
	"two packets":                       "\n\n40/x\x1e40/y",
	"three packets":                     "\n\n40/x\x1e40/y\x1e40/z",
	"connect and event":                 "\n\n40\x1e42[\"nobody\"]",
	"event before connect":              "\n\n42[\"nobody\"]",
	"a noop":                            "\n\n6",
	"noops":                             "\n\n6\x1e6\x1e6",
	"a pong":                            "\n\n3",
	"a pong with data":                  "\n\n3probe",
	"a ping":                            "\n\n2",
	"a ping with data":                  "\n\n2probe",
	"a ping after a connect":            "\n\n40/x\x1e2",
	"a ping before a connect":           "\n\n2\x1e40/x",
	"an upgrade":                        "\n\n5",
	"an open":                           "\n\n0",
	"an open with data":                 "\n\n0{}",
	"a close":                           "\n\n1",
	"a close with data":                 "\n\n1x",
	"a close before a connect":          "\n\n1\x1e40/x",
	"a close after a connect":           "\n\n40/x\x1e1",
	"an empty message":                  "\n\n4",
	"an empty message, then a connect":  "\n\n4\x1e40/x",
	"a payload of 2.x":                  "\n\n4:40/x",
	"a payload of 2.x, closing":         "\n\n1:2",
	"text/plain":                        "\nContent-Type: text/plain;charset=UTF-8\n\n40/x",
	"a form's type":                     "\nContent-Type: application/x-www-form-urlencoded\n\n40/x",
	"JSON's type":                       "\nContent-Type: application/json\n\n40/x",
	"octets":                            octets + "40/x",
	"octets with a charset":             "\nContent-Type: application/octet-stream; charset=UTF-8\n\n40/x",
	"octets in capitals":                "\nContent-Type: Application/Octet-Stream\n\n40/x",
	"with an origin":                    "\nOrigin: http://a\n\n40/x",
	"in chunks":                         "\nTransfer-Encoding: chunked\n\n1\r\n4\r\n3\r\n0/x\r\n0\r\n\r\n",
	"compressed, as it says":            "\nContent-Encoding: gzip\n\n40/x",
	"multibyte":                         "\n\n40/日本語😀",
	"multibyte, two":                    "\n\n40/日本語😀\x1e40/é",
	"invalid UTF-8":                     "\n\n40/\xff\x1e40/y",
	"invalid UTF-8, cut":                "\n\n40/\xe6\x97\x1e40/y",
	"invalid UTF-8, surrogate":          "\n\n40/\xed\xa0\x80",
	"invalid UTF-8, overlong separator": "\n\n40/x\xc0\x9e40/y",
	"a byte order mark":                 "\n\n\xef\xbb\xbf40/x",
	"a zero byte":                       "\n\n40/\x00",
	"empty":                             "\n\n",
	"empty in chunks":                   "\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
	"no body at all":                    "",
	"a separator only":                  "\n\n\x1e",
	"separators only":                   "\n\n\x1e\x1e\x1e",
	"a separator before":                "\n\n\x1e40/x",
	"a separator behind":                "\n\n40/x\x1e",
	"two separators":                    "\n\n40/x\x1e\x1e40/y",
	"another separator":                 "\n\n40/x\x1f40/y",
	"a separator, escaped":              "\n\n40/x\\x1e40/y",
	"an unknown type":                   "\n\n7",
	"an unknown type behind a good one": "\n\n40/x\x1e7",
	"an unknown type before a good one": "\n\n7\x1e40/x",
	"type a letter":                     "\n\nx",
	"type a blank":                      "\n\n 40/x",
	"type a minus":                      "\n\n-40/x",
	"type full-width":                   "\n\n４０",
	"type called constructor":           "\n\nconstructor",
	"a line feed behind":                "\n\n40/x\n",
	"base64, stray":                     "\n\nbYWJj",
	"base64, empty and stray":           "\n\nb",
	"1,000,000 bytes":                   "\n\n6" + strings.Repeat("x", 999_999),
	"1,000,001 bytes":                   "\n\n6" + strings.Repeat("x", 1_000_000),
	"1,000,001 bytes in chunks":         "\nTransfer-Encoding: chunked\n\nF4241\r\n6" + strings.Repeat("x", 1_000_000) + "\r\n0\r\n\r\n",
	"600,000 letters of two bytes":      "\n\n6" + strings.Repeat("é", 600_000),
	"2 MB":                              "\n\n6" + strings.Repeat("x", 2_000_000),
	"a thousand packets":                "\n\n" + strings.Repeat("6\x1e", 1000) + "40/x",
	"two packets in one":                "\n\n40/x40/y",
	"a packet of the other server's":    "\n\n44/x,{\"message\":\"x\"}",
}

// connectedPayloads4 are posted by a session that is in the chat.
var connectedPayloads4 = map[string]string{
	"base64, connected and stray":        "bYWJj",
	"base64, an attachment":              "451-[\"nobody\",{\"_placeholder\":true,\"num\":0}]\x1ebYWJj",
	"base64, an empty attachment":        "451-[\"nobody\",{\"_placeholder\":true,\"num\":0}]\x1eb",
	"base64, odd letters":                "451-[\"nobody\",{\"_placeholder\":true,\"num\":0}]\x1eb!Y-W_J=j",
	"base64, a type of 2.x":              "451-[\"nobody\",{\"_placeholder\":true,\"num\":0}]\x1eb4YWJj",
	"base64, two attachments":            "452-[\"nobody\",{\"_placeholder\":true,\"num\":1}]\x1ebYWJj\x1ebYWJj",
	"base64, one too many":               "451-[\"nobody\"]\x1ebYWJj\x1ebYWJj",
	"base64, one too few":                "452-[\"nobody\"]\x1ebYWJj\x1e40/x",
	"base64 among other packets":         "451-[\"nobody\"]\x1e6\x1ebYWJj",
	"an attachment as text":              "451-[\"nobody\"]\x1e4abc",
	"bad JSON":                           "42[\"chat\"",
	"bad JSON, then a connect":           "42[\"chat\"\x1e40/x",
	"a disconnect":                       "41",
	"a disconnect, then an event":        "41\x1e42[\"nobody\"]",
	"a disconnect, then a connect again": "41\x1e40",
}

// payloads4 are posted while a poll is pending.
func payloads4() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(bodies4)) {
		all = append(all, exchange{name, []step{
			hello(), pend("poll", "GET @a"), do("POST @a" + bodies4[name]), waits("poll"), livesWith("poll", "a"),
		}, quiet})
	}
	for _, name := range slices.Sorted(maps.Keys(connectedPayloads4)) {
		all = append(all, exchange{name, []step{
			hello(), join4("a"), pend("poll", "GET @a"), do("POST @a\n\n" + connectedPayloads4[name]), waits("poll"), livesWith("poll", "a"),
		}, quiet})
	}
	form := func(name, body string) exchange {
		return exchange{"form: " + name, []step{hello("&j=0"), do("POST @a&j=0\n\n"+body, "GET @a&j=1"), lives("a&j=2")}, quiet}
	}
	return append(all,
		form("a connect", "d=40%2Fx"),
		form("two packets", "d=40%2Fx%1E40%2Fy"),
		form("a line feed", `d=40%2Fx%5Cny`),
		form("odd letters", "d=40%2F%E2%80%A8%3C%2Fscript%3E%22"),
		exchange{"form: without d", []step{hello("&j=0"), do("POST @a&j=0\n\nx=40%2Fx"), lives("a&j=2")}, quiet},
	)
}

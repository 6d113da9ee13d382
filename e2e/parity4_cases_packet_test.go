//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// reserved are names of events that 4.x keeps for itself, and names that only look like them.
var reserved = []string{
	"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "error", "connection",
	"Connect", "disconnect ", "message", "ping", "reconnect",
}

// packets4 are those of revision 3, and what only revision 4 minds.
func packets4() []exchange {
	rows := maps.Clone(textPackets)
	maps.Copy(rows, binaryEvents)
	delete(rows, "many in one go") // with a ping, which is no way to begin here
	for _, name := range reserved {
		quoted := strconv.Quote(name)
		rows["event called "+name] = []string{`42[` + quoted + `,"x"]`}
		rows["binary event called "+name] = []string{`451-[` + quoted + `,{"_placeholder":true,"num":0}]`, "att:a"}
		rows["event called "+name+", with an escape"] = []string{`42["\u00` + strconv.FormatInt(int64(name[0]), 16) + name[1:] + `"]`}
	}
	for _, n := range []int{9, 10, 11, 100} {
		count := strconv.Itoa(n)
		rows["binary event of "+count] = append([]string{`45` + count + `-["nobody",{"_placeholder":true,"num":0}]`},
			slices.Repeat([]string{"att:a"}, n)...)
	}
	maps.Copy(rows, map[string][]string{
		"the other's open":                    {`0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}`},
		"connect error":                       {`44{"message":"x"}`},
		"connect error elsewhere":             {`44/x,{"message":"x"}`},
		"disconnect, then event, later":       {"41", "alive:", `42["nobody"]`},
		"disconnect, then event at once":      {"41", `42["nobody"]`},
		"disconnect, then ack, later":         {"41", "alive:", `431[]`},
		"disconnect, then connect, later":     {"41", "alive:", "40", "hear:"},
		"disconnect twice, later":             {"41", "alive:", "41"},
		"disconnect, then elsewhere":          {"41", "40/x"},
		"disconnect from elsewhere, by comma": {"41/x,"},
		"event, number for a name":            {`42[1,"x"]`},
		"event, negative number for a name":   {`42[-1]`},
		"event, fraction for a name":          {`42[1.5e3]`},
		"event, blank before the name":        {"42[ \"nobody\"]"},
		"event, line feed before the name":    {"42[\n\"nobody\"\n]"},
		"event of ten thousand brackets":      {`42["nobody",` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `]`},
		"ack of an id nobody gave":            {`4399["x"]`},
		"ack with a reserved name":            {`431["disconnect"]`},
		"ack without an id":                   {`43["x"]`},
		"ack, not an array":                   {`431{"a":1}`},
		"ack, a string":                       {`431"x"`},
		"binary ack of one":                   {`461-1[{"_placeholder":true,"num":0}]`, "att:a"},
		"binary ack, missing":                 {`461-1[{"_placeholder":true,"num":0}]`, `42["nobody"]`},
		"binary ack, placeholder too high":    {`461-1[{"_placeholder":true,"num":7}]`, "att:a"},
		"binary ack, not an array":            {`461-1{"_placeholder":true,"num":0}`, "att:a"},
		"attachment as base64":                {`451-["nobody",{"_placeholder":true,"num":0}]`, "bYWJj"},
		"attachment of nothing":               {`451-["nobody",{"_placeholder":true,"num":0}]`, "att:"},
		"attachment, then noop":               {`451-["nobody",{"_placeholder":true,"num":0}]`, "6", "3", "att:a"},
		"pong":                                {"3"},
		"pong twice":                          {"3", "3"},
		"ping":                                {"2"},
		"ping, then event":                    {"2", "40/x"},
	})
	return onWebsocket(quiet, alive("w"), rows)
}

// unconnected4 are sent where nothing is connected yet.
func unconnected4() map[string][]string {
	rows := map[string][]string{}
	for _, name := range []string{
		"open", "ping of a probe", "pong", "upgrade", "noop", "close", "type 7", "empty", "base64 stray message",
		"message empty", "message type 7", "disconnect", "disconnect from elsewhere",
		"event without data", "event null", "event unknown", "event unknown with ack", "event elsewhere", "event bad JSON", "event disconnect",
		"ack", "ack without id", "error packet",
	} {
		rows[name] = textPackets[name]
	}
	for _, name := range []string{"binary event, one", "binary event, none announced", "binary event, no count", "binary ack"} {
		rows[name] = binaryEvents[name]
	}
	rows["binary"] = []string{"att:a"}
	rows["a line"] = []string{`42["chat","unheard"]`}
	return rows
}

// connects4 are CONNECT packets with and without something for the handler.
func connects4() []exchange {
	rows := map[string][]string{
		"plain":                            {"40", "hear:"},
		"to / by name":                     {"40/,", "hear:"},
		"to / by name, no comma":           {"40/", "hear:"},
		"with an id":                       {"405", "hear:"},
		"with an id and data":              {`405{"a":1}`, "hear:"},
		"with an object":                   {`40{"token":"x"}`, "hear:"},
		"with an empty object":             {"40{}", "hear:"},
		"with an object by name":           {`40/,{"token":"x"}`, "hear:"},
		"with an object in an object":      {`40{"a":{"b":[1,null,"日本"]}}`, "hear:"},
		"with an array":                    {`40["x"]`},
		"with a string":                    {`40"x"`},
		"with null":                        {"40null"},
		"with true":                        {"40true"},
		"with a number":                    {"40 7", "hear:"},
		"with bad JSON":                    {`40{"token"`},
		"with more behind":                 {`40{}x`},
		"with blanks":                      {`40 {"token":"x"} `, "hear:"},
		"with __proto__":                   {`40{"__proto__":{"x":1}}`, "hear:"},
		"with a recovery's ids":            {`40{"pid":"x","offset":"y"}`, "hear:"},
		"with recovery's ids of odd types": {`40{"pid":1,"offset":{}}`, "hear:"},
		"with a large object":              {`40{"a":"` + strings.Repeat("x", 100_000) + `"}`, "hear:"},
		"with deep data":                   {`40{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "hear:"},
		"with a query":                     {"40/?a=b,"},
		"with a query and data":            {`40/?a=b,{"token":"x"}`},
		"twice":                            {"40", "hear:", "40"},
		"twice, by name":                   {"40", "hear:", "40/,"},
		"twice, with data":                 {`40{"a":1}`, "hear:", `40{"a":2}`},
		"elsewhere, then here":             {"40/x", "hear:", "40", "hear:"},
		"elsewhere twice, then here":       {"40/x", "hear:", "40/x", "hear:", "40", "hear:"},
		"here, then elsewhere":             {"40", "hear:", "40/x", "hear:"},
		"elsewhere with data":              {`40/x,{"token":"x"}`},
		"elsewhere with bad data":          {`40/x,["token"]`},
		"behind an error":                  {`44{"message":"x"}`, "40"},
		"behind a disconnect":              {"41", "40"},
		"and leave, and again":             {"40", "hear:", "41", "alive:", "40", "hear:", "41", "alive:", "40", "hear:"},
		"and leave twice":                  {"40", "hear:", "41", "alive:", "41"},
		"in a binary frame":                {"bin:40"},
		"with an attachment":               {`40{"a":{"_placeholder":true,"num":0}}`, "hear:", "att:a"},
		"without a slash":                  {"40x,"},
		"with a message type of a blank":   {"4 ", "hear:"},
		"twice at once":                    {"40", "40", "hear:"},
		"with an event right behind":       {"40", `42["nobody"]`, "hear:"},
	}
	return append(afterwards(begin, quiet, alive("w"), rows),
		exchange{"over polling", []step{hello(), join4("a"), lives("a")}, quiet},
		exchange{"over polling, twice in one payload", []step{hello(), do("POST @a\n\n40\x1e40", "GET @a"), lives("a")}, quiet},
		exchange{"over polling, in two posts", []step{hello(), join4("a"), do("POST @a\n\n40", "GET @a"), lives("a")}, quiet},
		exchange{"over polling, with bad data", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n40[]"), waits("poll"), livesWith("poll", "a")}, quiet},
	)
}

// namespaces4 are those that nobody serves, and packets for them.
func namespaces4() []exchange {
	return append(spellings(), append(onWebsocket(quiet, alive("w"), strangers),
		exchange{"unknown, over polling", []step{hello(), do("POST @a\n\n40/x?a=b\x1e40/日 本", "GET @a"), lives("a")}, quiet},
		exchange{"unknown, over JSONP", []step{hello("&j=0"), do("POST @a&j=0\n\nd=40%2Fx%22y", "GET @a&j=1")}, quiet})...)
}

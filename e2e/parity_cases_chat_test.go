//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// chatArguments is what every shape of chat's argument delivers. Behind it the attachments.
func chatArguments() []exchange {
	survived := [][]string{
		{`"x"`}, {`""`}, {`"日本語 😀"`}, {`"\u65e5\ud83d\ude00"`}, {`"\ud83d"`}, {`"\ude00x"`}, {`"\u0000"`}, {`"\u2028\u2029"`}, {`"</script>&\"\\\/"`},
		{`"\b\f\n\r\t\u001f\u007f"`}, {`0`}, {`-0`}, {`1`}, {`-1.50`}, {`1e21`}, {`1e-7`}, {`123456789012345678901234567890`}, {`1e400`}, {`-1e400`},
		{`5e-324`}, {`1e-400`},
		{`0.1`}, {`100000000000000000000`}, {`1E5`}, {`4.35`}, {`9007199254740993`}, {`true`}, {`false`}, {`null`}, {`{}`}, {`{"a":1}`}, {`{"valueOf":1}`}, {`{"length":1}`},
		{`["one"]`}, {`[""]`}, {`[1]`}, {`[null]`}, {`[true]`}, {`[{}]`}, {`[[]]`}, {`[["deep"]]`}, {`[["a","b"]]`}, {`[[null,1,"x",[2,[3]]]]`}, {`[[{}]]`}, {`["日本"]`}, {`[1e21]`},
		{`"x","y"`}, {`"x",1,{},[]`}, {`null,"x"`}, {`{"_placeholder":true,"num":0}`}, {`{"toJSON":1}`}, {`{"constructor":1}`}, {`{"constructor":{"name":"x"}}`},
		{`{"__proto__":1}`}, {`{"__proto__":null}`},
		{`{"hasOwnProperty":1}`}, {`{"a":1,"a":2}`}, {`[{"valueOf":2}]`}, {`{"type":"Buffer","data":[97]}`}, {`[{"type":"Buffer","data":[97]}]`},
	}
	binary := [][]string{
		{`{"_placeholder":true,"num":0}`, "abc"}, {`{"_placeholder":true,"num":0}`, ""}, {`{"_placeholder":true,"num":0}`, "\xff\xfe"}, {`{"_placeholder":true,"num":0}`, "日本"},
		{`[{"_placeholder":true,"num":0}]`, "abc"}, {`[[{"_placeholder":true,"num":0},"x"]]`, "abc"}, {`{"a":{"_placeholder":true,"num":0}}`, "abc"},
		{`{"_placeholder":true,"num":1}`, "a", "b"}, {`"x",{"_placeholder":true,"num":0}`, "a"}, {`{"_placeholder":1,"num":0}`, "abc"}, {`{"_placeholder":false,"num":0}`, "abc"},
		{`{"_placeholder":"yes","num":"0"}`, "abc"}, {`{"_placeholder":true,"num":0.0}`, "abc"}, {`{"_placeholder":true,"num":[0]}`, "abc"}, {`{"_placeholder":true,"num":0,"more":1}`, "abc"},
		{`[[{"_placeholder":true,"num":7}]]`, "abc"}, {`{"_placeholder":true,"num":"length"}`, "abc"}, {`[{"_placeholder":true,"num":"length"}]`, "abc"},
		{`{"_placeholder":[],"num":0}`, "abc"}, {`{"_placeholder":0,"num":0}`, "abc"},
		{`"plain beside an attachment"`, "abc"}, {`{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}`, "abc"},
	}
	lethal := [][]string{
		{``}, {`[]`}, {`["one","two"]`}, {`[[],[]]`}, {`[null,null]`}, {`{"toString":1}`}, {`{"toString":1,"valueOf":2}`}, {`[{"toString":1}]`},
		{`[[{"toString":1}]]`}, {`{"constructor":null}`}, {`{"toString":null}`},
		{`{"_placeholder":true,"num":5}`, "abc"}, {`{"_placeholder":true,"num":-1}`, "abc"}, {`{"_placeholder":true}`, "abc"}, {`[{"_placeholder":true,"num":5}]`, "abc"},
		{`{"_placeholder":true,"num":"push"}`, "abc"}, {`{"_placeholder":true,"num":"constructor"}`, "abc"},
	}
	var all []exchange
	for ground, rows := range map[ground][][]string{chatty: append(survived, binary...), deadly: lethal} {
		for _, row := range rows {
			all = append(all, argument(ground, row[0], row[1:]))
		}
	}
	slices.SortStableFunc(all, func(a, b exchange) int { return strings.Compare(a.name, b.name) })
	return all
}

func argument(ground ground, args string, attachments []string) exchange {
	name := args
	packet := "42"
	steps := []step{open}
	if len(attachments) > 0 {
		name += " with " + strconv.Quote(strings.Join(attachments, " and "))
		packet = "45" + strconv.Itoa(len(attachments)) + "-"
	}
	if args == "" {
		packet, name = packet+`["chat"]`, "none"
	} else {
		packet += `["chat",` + args + `]`
	}
	steps = append(steps, say("w", packet))
	return exchange{name, append(steps, attach("w", attachments...), heard("w")), ground}
}

// deadlyEvents might end the original; some do.
var deadlyEvents = map[string][]string{
	"called error":                    {`42["error"]`},
	"called error, with text":         {`42["error","x"]`},
	"called error, with an object":    {`42["error",{"message":"x"}]`},
	"named by an array, no argument":  {`42[["chat"]]`},
	"called error by an array":        {`42[["error"],"x"]`},
	"called error, binary":            {`451-["error",{"_placeholder":true,"num":0}]`, "att:abc"},
	"called error, elsewhere":         {`42/x,["error"]`},
	"called error, after leaving":     {`41`, `42["error"]`, `40`},
	"an error packet":                 {`44"x"`},
	"a stray attachment":              {"att:abc"},
	"an empty message":                {"4"},
	"the name of a listener function": {`42["newListener","chat","x"]`},
	"listeners removed":               {`42["removeListener","chat"]`},
	"no name, binary":                 {`451-[]`, "att:abc"},
	"null for data":                   {`42null`},
	"binary without data":             {`451-`, "att:abc"},
	"count and no data":               {`450-`},
	"listeners called domain":         {`42["domain","x"]`},
	"a list that is missing":          {`452-["chat",{"_placeholder":true,"num":1}]`, "att:a", `450-["chat","x"]`, "att:b"},
	"a huge count":                    {`459007199254740993-["chat"]`, "att:b"},
}

// audibleEvents reach everybody, or do not, by what is around them.
var audibleEvents = map[string][]string{
	"with an id":                    {`425["chat","x"]`},
	"with blanks around":            {`42 [ "chat" , "x" ] `},
	"named with escapes":            {`42["\u0063hat","x"]`},
	"in the root by name":           {`42/,["chat","x"]`},
	"elsewhere":                     {`42/x,["chat","x"]`},
	"in capitals":                   {`42["Chat","x"]`},
	"as an ack":                     {`435["chat","x"]`},
	"as an error":                   {`44["chat","x"]`},
	"as a binary event of none":     {`450-["chat","x"]`},
	"none, with a placeholder":      {`450-["chat",{"_placeholder":true,"num":0}]`},
	"binary, in the root by name":   {`451-/,["chat",{"_placeholder":true,"num":0}]`, "att:abc"},
	"binary, in base64":             {`451-["chat",{"_placeholder":true,"num":0}]`, "b4YWJj"},
	"binary, in odd base64":         {`451-["chat",{"_placeholder":true,"num":0}]`, "b4YW-_!Jj"},
	"binary, with an id":            {`451-9["chat",{"_placeholder":true,"num":0}]`, "att:abc"},
	"binary, a line between":        {`451-["chat",{"_placeholder":true,"num":0}]`, `42["chat","between"]`, "att:abc"},
	"binary ack":                    {`461-5["chat",{"_placeholder":true,"num":0}]`, "att:abc"},
	"in a binary frame":             {"att:2[\"chat\",\"x\"]"},
	"several":                       {`42["chat","a"]`, `42["chat","b"]`, `42["chat","c"]`},
	"named by an array":             {`42[["chat"],"x"]`},
	"named by an array in an array": {`42[[["chat"]],"x"]`},
	"named by an array of two":      {`42[["chat",null],"x"]`},
	"named by an attachment":        {`451-[{"_placeholder":true,"num":0},"x"]`, "att:chat"},
	"after a bad one":               {`42["chat",`, `42["chat","x"]`},
	"after connecting twice":        {`40`, `40`, `42["chat","x"]`},
	"after disconnect and connect":  {`41`, `41`, `40`, `40`, `42["chat","x"]`},
}

// chatEvents are events that reach everybody.
func chatEvents() []exchange {
	all := onWebsocket(chatty, heard("w"), audibleEvents)
	all = append(all, onWebsocket(deadly, heard("w"), deadlyEvents)...)
	return append(all,
		exchange{"none but an ack's function", []step{open, say("w", `425["chat"]`), hear("w", 1), heard("w")}, deadly},
		exchange{"after connecting again", []step{open, say("w", "41"), alive("w"), say("w", `42["chat","lost"]`), alive("w"),
			say("w", "40"), alive("w"), heard("w")}, chatty},
		exchange{"over polling, right behind the leaving", []step{open, hello(), do("POST @b\n\n2:41" + elements(`42["chat","late"]`)), heard("w"), lives("b")}, chatty},
		exchange{"over polling", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n" + elements(`42["chat","日本 😀"]`)), await("poll"), lives("a")}, chatty},
		exchange{"over polling, two in one post", []step{hello(), do("POST @a\n\n" + elements(`42["chat","a"]`) + elements(`42["chat","b"]`)), chatWaits("a", 2), lives("a")}, chatty},
		exchange{"over JSONP", []step{hello("&j=0"), pend("poll", "GET @a&j=1"), do("POST @a&j=2\n\nd=15%3A42%5B%22chat%22%2C%22a%5C%5Cnb%22%5D"), await("poll")}, chatty},
		exchange{"over polling, with an odd length", []step{hello(), pend("poll", "GET @a"), do("POST @a\n\n0xE:42[\"chat\",\"x\"]"), await("poll"), lives("a")}, chatty},
		exchange{"over polling, before a bad packet", []step{open, hello(), do("POST @b\n\n" + elements(`42["chat","a"]`) + "x"), hear("w", 1), lives("b"), alive("w")}, chatty},
		exchange{"over polling, before leaving", []step{open, hello(), do("POST @b\n\n" + elements(`42["chat","a"]`) + "1:1"), hear("w", 1), lives("b"), alive("w")}, chatty},
		exchange{"over polling, in binary", []step{open, hello(), do("POST @b\nContent-Type: application/octet-stream\n\n" +
			binaryElement(0, `451-["chat",{"_placeholder":true,"num":0}]`) + binaryElement(1, "\x04\xe6\x97\xa5")), hear("w", 1), lives("b")}, chatty},
		exchange{"a listener that has left the namespace", []step{open, say("w", "41"), ws("v", "~"), hear("v", 2), heard("v"), alive("w")}, chatty},
		exchange{"a listener that came back", []step{open, say("w", "41"), say("w", "40"), heard("w"), alive("w")}, chatty},
		exchange{"heard by websocket and polling", []step{open, hello(), pend("poll", "GET @b"), say("w", chatEvent("to all")), hear("w", 1), await("poll"), alive("w"), lives("b")}, chatty},
		exchange{"heard once after an upgrade", []step{hello(), ws("w", "~a"), say("w", "2probe"), hear("w", 1), say("w", "5"), heard("w"), alive("w")}, chatty},
		exchange{"waiting before an upgrade", []step{open, hello(), ws("v", "~b"), say("v", "2probe"), hear("v", 1), heard("w"), say("v", "5"), hear("v", 1), alive("v")}, chatty},
	)
}

// binaryElement is a packet in a binary payload.
func binaryElement(kind byte, packet string) string {
	length := []byte(strconv.Itoa(len(packet)))
	for i := range length {
		length[i] -= '0'
	}
	return string(kind) + string(length) + "\xff" + packet
}

// chatWaits polls until n packets have come, however many came at a time.
func chatWaits(session string, n int) step {
	return func(p *play) {
		before := p.log
		var all string
		for range n {
			p.ask("poll", "GET @"+session)
			_, body := p.answer("poll")
			all += strings.ReplaceAll(body, "\x1e", "")
			if strings.Count(all, `42[`) >= n {
				break
			}
		}
		p.log = before
		p.note("polls: %q", all)
	}
}

// publishedLines are what somebody else publishes.
var publishedLines = map[string][]string{
	"plain":                        {"hello"},
	"empty":                        {""},
	"several":                      {"a", "", "b"},
	"Japanese":                     {"日本語 😀"},
	"JSON":                         {`{"a":["b"]}`},
	"quotes and backslashes":       {`"\` + "'"},
	"line ends":                    {"a\r\nb\nc"},
	"control bytes":                {"\x00\x01\x08\x0b\x1f\x7f"},
	"letters that JavaScript eyes": {"\u2028\u2029</script>&"},
	"a byte order mark":            {"\ufeffx"},
	"a byte that is no text":       {"\xff"},
	"bytes that are no text":       {"a\xff\xfeb"},
	"a letter cut":                 {"a\xe6\x97"},
	"a letter cut within":          {"a\xe6\x97b"},
	"four bytes cut":               {"\xf0\x9f\x98"},
	"four bytes cut within":        {"\xf0\x9f\x98x"},
	"an overlong slash":            {"\xc0\xaf"},
	"an overlong of three":         {"\xe0\x80\x80"},
	"a surrogate":                  {"\xed\xa0\x80"},
	"a pair of surrogates":         {"\xed\xa0\xbd\xed\xb8\x80"},
	"too high a number":            {"\xf4\x90\x80\x80"},
	"five bytes":                   {"\xf8\x88\x80\x80\x80"},
	"Latin-1":                      {"caf\xe9"},
	"Shift-JIS":                    {"\x93\xfa\x96\x7b\x8c\xea"},
	"like a number":                {"123"},
	"like null":                    {"null"},
	"like Redis":                   {"*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$1\r\nx\r\n"},
	"125 bytes in a frame":         {strings.Repeat("x", 125-len(`42["chat",""]`))},
	"126 bytes in a frame":         {strings.Repeat("x", 126-len(`42["chat",""]`))},
	"1,023 bytes in a frame":       {strings.Repeat("x", 1023-len(`42["chat",""]`))},
	"1,024 bytes in a frame":       {strings.Repeat("x", 1024-len(`42["chat",""]`))},
	"65,536 bytes in a frame":      {strings.Repeat("x", 65536-len(`42["chat",""]`))},
	"300 KB":                       {strings.Repeat("0123456789", 30_000)},
	"300 KB of Japanese":           {strings.Repeat("日本", 50_000)},
	"100 KB of bytes that are not": {strings.Repeat("\xff", 100_000)},
	"2 MB":                         {strings.Repeat("0123456789", 200_000)},
}

// redisLines are published by somebody else, byte by byte.
func redisLines() []exchange {
	var all []exchange
	for _, name := range slices.Sorted(maps.Keys(publishedLines)) {
		all = append(all, exchange{name, []step{open, published(publishedLines[name]...), heard("w")}, chatty})
		if len(publishedLines[name]) == 1 {
			all = append(all, exchange{name + ", over polling", []step{hello(), pend("poll", "GET @a\nAccept-Encoding: gzip"), published(publishedLines[name]...), await("poll"), lives("a")}, chatty},
				exchange{name + ", over JSONP", []step{hello("&j=0"), pend("poll", "GET @a&j=1"), published(publishedLines[name]...), await("poll")}, chatty})
		}
	}
	return all
}

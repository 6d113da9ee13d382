package packet

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

type socketTest struct {
	name, text string
	want       SocketPacket
	err        error
}

func packetOf(t SocketType, namespace, data string) SocketPacket {
	p := SocketPacket{Type: t, Namespace: namespace}
	if data != "" {
		p.Data = []byte(data)
	}
	if strings.HasPrefix(data, "[") {
		if err := json.Unmarshal(p.Data, &p.Elements); err != nil {
			panic(err)
		}
	}
	return p
}

func (p SocketPacket) withID(id uint64) SocketPacket { p.ID, p.HasID = id, true; return p }
func (p SocketPacket) with(attachments int) SocketPacket {
	p.Attachments = attachments
	return p
}
func (p SocketPacket) query(query string) SocketPacket { p.Query = query; return p }

func runSocketTests(t *testing.T, decode func([]byte) (SocketPacket, error), tests []socketTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := decode([]byte(test.text))
			if err != test.err || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v, %v\nwant %+v, %v", got, err, test.want, test.err)
			}
		})
	}
}

// common are packets that decode the same in both revisions.
var common = []socketTest{
	{"connect", "0", packetOf(Connect, "/", ""), nil},
	{"white space is zero", "\u00a0", packetOf(Connect, "/", ""), nil},
	{"connect to a namespace", "0/chat,", packetOf(Connect, "/chat", ""), nil},
	{"no comma", "1/chat", packetOf(Disconnect, "/chat", ""), nil},
	{"event", `2["chat","日本"]`, packetOf(Event, "/", `["chat","日本"]`), nil},
	{"event without payload", "2", packetOf(Event, "/", ""), nil},
	{"event with id", `212["chat"]`, packetOf(Event, "/", `["chat"]`).withID(12), nil},
	{"event in a namespace with id", `2/n,0["chat"]`, packetOf(Event, "/n", `["chat"]`).withID(0), nil},
	{"query stays outside of connect", `2/n?a,["x"]`, packetOf(Event, "/n?a", `["x"]`), nil},
	{"space is the id zero", `2 ["chat"]`, packetOf(Event, "/", `["chat"]`).withID(0), nil},
	{"zeros before the id", `2007["chat"]`, packetOf(Event, "/", `["chat"]`).withID(7), nil},
	{"an id that is NaN", `21 2["chat"]`, packetOf(Event, "/", `["chat"]`), nil},
	{"id beyond 2^53 is exact", `29007199254740993["a"]`, packetOf(Event, "/", `["a"]`).withID(9007199254740993), nil},
	{"id beyond 64 bits", `218446744073709551616["a"]`, packetOf(Event, "/", `["a"]`), nil},
	{"space after the payload", "2[\"a\"]\n ", packetOf(Event, "/", "[\"a\"]\n "), nil},
	{"ack", `312["ok"]`, packetOf(Ack, "/", `["ok"]`).withID(12), nil},
	{"ack of nothing", `312[]`, packetOf(Ack, "/", `[]`).withID(12), nil},
	{"error", `4"why"`, packetOf(ConnectError, "/", `"why"`), nil},
	{"error object", `4/n,{"message":"why"}`, packetOf(ConnectError, "/n", `{"message":"why"}`), nil},
	{"binary event", `51-["a",{"_placeholder":true,"num":0}]`,
		packetOf(BinaryEvent, "/", `["a",{"_placeholder":true,"num":0}]`).with(1), nil},
	{"binary ack in a namespace", `62-/n,3[1]`, packetOf(BinaryAck, "/n", "[1]").with(2).withID(3), nil},
	{"count in hexadecimal", `50x2-["a"]`, packetOf(BinaryEvent, "/", `["a"]`).with(2), nil},
	{"count with an exponent and space", `5 1e0-["a"]`, packetOf(BinaryEvent, "/", `["a"]`).with(1), nil},
	{"empty", "", SocketPacket{}, ErrFatal},
	{"no count", `5["a"]`, SocketPacket{}, ErrFatal},
	{"no dash", "51", SocketPacket{}, ErrFatal},
	{"count is no number", `5x-["a"]`, SocketPacket{}, ErrFatal},
	{"count is a fraction", `51.5-["a"]`, SocketPacket{}, ErrFatal},
	{"count is infinite", `5Infinity-["a"]`, SocketPacket{}, ErrFatal},
	{"count is huge", `599999999999999999999-["a"]`, SocketPacket{}, ErrFatal},
}

func TestDecodeSocket4(t *testing.T) {
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	runSocketTests(t, DecodeSocket4, append([]socketTest{
		{"connect with a query", "0/chat?token=a%20b&x,", packetOf(Connect, "/chat", "").query("token=a%20b&x"), nil},
		{"connect to the root with a query", "0/?a=b", packetOf(Connect, "/", "").query("a=b"), nil},
		{"fragment", "0/chat#a?b,", packetOf(Connect, "/chat", ""), nil},
		{"space is escaped", "0/a b?c d,", packetOf(Connect, "/a%20b", "").query("c%20d"), nil},
		{"plain paths are not escaped", `0/a"{},`, packetOf(Connect, `/a"{}`, ""), nil},
		{"paths with three slashes are escaped", `0///a"{},`, packetOf(Connect, "///a%22%7B%7D", ""), nil},
		{"backslash before the query", `0/a\b?c\d`, packetOf(Connect, "/a/b", "").query(`c\d`), nil},
		{"space at the end", "0/a \n,", packetOf(Connect, "/a", ""), nil},
		{"connect with an array", `0["x"]`, packetOf(Connect, "/", `["x"]`), nil},
		{"disconnect with an array", `1[]`, packetOf(Disconnect, "/", `[]`), nil},
		{"reserved names are accepted", `2["disconnect"]`, packetOf(Event, "/", `["disconnect"]`), nil},
		{"a name may be anything", `2[null]`, packetOf(Event, "/", `[null]`), nil},
		{"error with any value", `4null`, packetOf(ConnectError, "/", `null`), nil},
		{"no digits are a count of zero", `5-["a"]`, packetOf(BinaryEvent, "/", `["a"]`), nil},
		{"a second dash is the payload", `51--["a"]`, SocketPacket{}, ErrIgnored},
		{"large count", `51000000-["a"]`, packetOf(BinaryEvent, "/", `["a"]`).with(1000000), nil},
		{"connect with an object", `0{"a":1}`, SocketPacket{}, ErrIgnored},
		{"error with false", `4false`, SocketPacket{}, ErrIgnored},
		{"unknown type", "7", SocketPacket{}, ErrIgnored},
		{"no type", "x", SocketPacket{}, ErrIgnored},
		{"object for an event", "2{}", SocketPacket{}, ErrIgnored},
		{"truncated JSON", `2["chat"`, SocketPacket{}, ErrIgnored},
		{"comma at the end", `2["chat",]`, SocketPacket{}, ErrIgnored},
		{"line break in a string", "2[\"a\nb\"]", SocketPacket{}, ErrIgnored},
		{"nested deep", "2" + nested(256), packetOf(Event, "/", nested(256)), nil},
		{"nested too deep", "2" + nested(257), SocketPacket{}, ErrIgnored},
		{"nested far too deep", "2" + nested(200_000), SocketPacket{}, ErrIgnored},
		{"too many elements", "2[0" + strings.Repeat(",0", 1024) + "]", SocketPacket{}, ErrIgnored},
	}, common...))
}

func TestDecodeSocket5(t *testing.T) {
	runSocketTests(t, DecodeSocket5, append([]socketTest{
		{"connect with auth", `0/chat,{"token":"x"}`, packetOf(Connect, "/chat", `{"token":"x"}`), nil},
		{"the query is part of the name", "0/chat?a=b,", packetOf(Connect, "/chat?a=b", ""), nil},
		{"number for a name", `2[-1]`, packetOf(Event, "/", `[-1]`), nil},
		{"quote in a name", `2["\"connect"]`, packetOf(Event, "/", `["\"connect"]`), nil},
		{"many attachments", `511-["a"]`, packetOf(BinaryEvent, "/", `["a"]`).with(11), nil},
		{"placeholder without its attachment", `51-["a",{"_placeholder":true,"num":1}]`, SocketPacket{}, ErrFatal},
		{"placeholder in an event without attachments", `2["a",{"_placeholder":true,"num":1}]`,
			packetOf(Event, "/", `["a",{"_placeholder":true,"num":1}]`), nil},
		{"count of zero", `50-["a"]`, SocketPacket{}, ErrFatal},
		{"no digits are a count of zero", `5-["a"]`, SocketPacket{}, ErrFatal},
		{"connect with an array", `0[]`, SocketPacket{}, ErrFatal},
		{"disconnect with anything", `1{}`, SocketPacket{}, ErrFatal},
		{"error with null", `4null`, SocketPacket{}, ErrFatal},
		{"no name", `2[]`, SocketPacket{}, ErrFatal},
		{"name is null", `2[null]`, SocketPacket{}, ErrFatal},
		{"reserved name", `2["connect_error"]`, SocketPacket{}, ErrFatal},
		{"reserved name behind space", "2[\t\"disconnect\"]", SocketPacket{}, ErrFatal},
		{"reserved name in escapes", `2["\u0063onnect"]`, SocketPacket{}, ErrFatal},
		{"reserved in a binary event", `51-["newListener"]`, SocketPacket{}, ErrFatal},
		{"object for an ack", `31{}`, SocketPacket{}, ErrFatal},
		{"unknown type", "7", SocketPacket{}, ErrFatal},
		{"truncated JSON", `2["chat"`, SocketPacket{}, ErrFatal},
	}, common...))
}

func TestAppendSocket(t *testing.T) {
	for _, test := range []struct {
		p    SocketPacket
		want string
	}{
		{SocketPacket{}, "0"},
		{packetOf(Connect, "/", `{"sid":"x"}`), `0{"sid":"x"}`},
		{packetOf(Connect, "/chat", "").query("a=b"), "0/chat?a=b,"},
		{packetOf(Connect, "/", "").query("a=b"), "0/?a=b,"},
		{packetOf(ConnectError, "/n", `"Invalid namespace"`), `4/n,"Invalid namespace"`},
		{packetOf(Ack, "/n", "[]").withID(0), "3/n,0[]"},
		{packetOf(BinaryEvent, "/n", "[1]").with(2).withID(3), "52-/n,3[1]"},
		{packetOf(Event, "/", `["a"]`).with(2), `2["a"]`},
	} {
		if got := string(AppendSocket(nil, test.p)); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

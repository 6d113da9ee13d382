//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// What 2.1.1 emits (as JavaScript), and what everybody hears. All of it is what the original does.
var arguments = []struct{ emit, heard string }{
	{`'chat', 'x'`, "x"},
	{`'chat', ''`, ""},
	{`'chat', 123`, "123"},
	{`'chat', 0.1 + 0.2`, "0.30000000000000004"},
	{`'chat', 1e21`, "1e+21"},
	{`'chat', 1e-7`, "1e-7"},
	{`'chat', 123456789012345680000`, "123456789012345680000"},
	{`'chat', -0`, "0"},
	{`'chat', -1.50`, "-1.5"},
	{`'chat', NaN`, "null"},
	{`'chat', true`, "true"},
	{`'chat', false`, "false"},
	{`'chat', null`, "null"},
	{`'chat', undefined`, "null"},
	{`'chat', {a: 1}`, "[object Object]"},
	{`'chat', {}`, "[object Object]"},
	{`'chat', ['one']`, "one"},
	{`'chat', [['deep']]`, "deep"},
	{`'chat', [1e21]`, "1e+21"},
	{`'chat', Buffer.from('abc')`, "abc"},
	{`'chat', Buffer.from('日本 🍣')`, "日本 🍣"},
	{`'chat', {file: Buffer.from('abc')}`, "[object Object]"},
	{`'chat', 'and more', 1, {}, Buffer.from('x')`, "and more"},
	{`'chat', 'asks for an ack', () => {}`, "asks for an ack"},
	{`'chat', '"\\ \u2028 \u0000 </script>'`, "\"\\ \u2028 \x00 </script>"},
}

func TestArgumentsBecomeText(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	hall := startHall(t)
	listener := hall.join(t, "2.1.1", nodes[1], "websocket")
	for _, transport := range []string{"websocket", "polling"} {
		speaker := hall.join(t, "2.1.1", nodes[0], transport)
		for _, a := range arguments {
			before := len(listener.heard(t))
			speaker.emits(t, a.emit)
			eventually(t, patience, func() string {
				if len(listener.heard(t)) == before {
					return fmt.Sprintf("%s: emit(%s) was not heard", speaker, a.emit)
				}
				return ""
			})
			if got := listener.heard(t)[before]; got != a.heard {
				t.Errorf("%s: emit(%s) was heard as %q, want %q", speaker, a.emit, got, a.heard)
			}
		}
		speaker.stayed(t)
	}
	listener.stayed(t)
}

// What kills the original's process: dropped here, and the sender stays.
var lethal = []string{
	`'chat'`,
	`'chat', []`,
	`'chat', ['one', 'two']`,
	`'chat', [[], []]`,
	`'chat', {toString: 1}`,
	`'chat', {toString: 1, valueOf: 2}`,
}

// The same as engine.io messages, past the client, which keeps 'error' to itself and writes no placeholder that
// leads nowhere.
var lethalPackets = []string{
	`['2["chat"]']`,
	`['2["error"]']`,
	`['2["error","x"]']`,
	`['2["error",{"message":"x"}]']`,
	`['51-["chat",{"_placeholder":true,"num":5}]', Buffer.from('x')]`,
	`['51-["chat",{"_placeholder":true,"num":-1}]', Buffer.from('x')]`,
}

// The lists are no rumour: each entry ends the original's process.
func TestTheOriginalDies(t *testing.T) {
	redis := startRedis(t)
	hall := startHall(t)
	dies := func(what string, act func(*client)) {
		t.Helper()
		seed := startSeed(t, redis)
		c := hall.join(t, "2.1.1", seed, "websocket")
		act(c)
		eventually(t, patience, func() string {
			if seed.proc.ended() {
				return ""
			}
			return "the original survives " + what
		})
		c.closes(t)
	}
	for _, args := range lethal {
		dies("emit("+args+")", func(c *client) { c.emits(t, args) })
	}
	for _, packets := range lethalPackets {
		dies(packets, func(c *client) { c.sends(t, packets) })
	}
}

func TestOursSurvivesWhatKillsTheOriginal(t *testing.T) {
	needsTsunagu(t)
	nodes := startNodes(t, 2, startRedis(t))
	hall := startHall(t)
	listener := hall.join(t, "2.1.1", nodes[1], "websocket")
	var said speech
	survives := func(speaker *client, what string) {
		t.Helper()
		line := fmt.Sprintf("%s lives after %s", speaker, what)
		speaker.says(t, line)
		said = append(said, line)
		everyoneHears(t, []*client{listener}, said)
		nodes[0].proc.lives(t)
	}
	for _, transport := range []string{"websocket", "polling"} {
		speaker := hall.join(t, "2.1.1", nodes[0], transport)
		for _, args := range lethal {
			speaker.emits(t, args)
			survives(speaker, "emit("+args+")")
		}
		for _, packets := range lethalPackets {
			speaker.sends(t, packets)
			survives(speaker, packets)
		}
		speaker.stayed(t)
	}
	// These may cost the sender's connection, and nothing else.
	witness := hall.join(t, "2.5.0", nodes[0], "websocket")
	for i, packets := range []string{
		`['599999999999-["chat",{"_placeholder":true,"num":0}]', Buffer.from('x')]`,
		`['5']`,
		`['9["chat","x"]']`,
		`['2["chat"']`,
		`[Buffer.from('stray')]`,
	} {
		version := []string{"1.7.4", "2.0.4", "2.1.1", "2.5.0"}[i%4]
		hall.join(t, version, nodes[i/4], "websocket").sends(t, packets)
		survives(witness, packets)
	}
	witness.stayed(t)
	listener.stayed(t)
}

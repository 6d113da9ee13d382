//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// What a client of 2.1.1 emits, as JavaScript, and what all clients receive, as from the original.
var arguments = []struct{ emit, received string }{
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
	host := startClientHost(t)
	receiver := host.connect(t, "2.1.1", nodes[1], "websocket")
	for _, transport := range []string{"websocket", "polling"} {
		sender := host.connect(t, "2.1.1", nodes[0], transport)
		for _, a := range arguments {
			before := len(receiver.received(t))
			sender.emits(t, a.emit)
			eventually(t, waitLimit, func() string {
				if len(receiver.received(t)) == before {
					return fmt.Sprintf("%s: emit(%s) did not arrive", sender, a.emit)
				}
				return ""
			})
			if got := receiver.received(t)[before]; got != a.received {
				t.Errorf("%s: emit(%s) arrived as %q, want %q", sender, a.emit, got, a.received)
			}
		}
		sender.stayedConnected(t)
	}
	receiver.stayedConnected(t)
}

// What ends the original's process. Ours drops it, and the sender stays connected.
var lethal = []string{
	`'chat'`,
	`'chat', []`,
	`'chat', ['one', 'two']`,
	`'chat', [[], []]`,
	`'chat', {toString: 1}`,
	`'chat', {toString: 1, valueOf: 2}`,
}

// The same as engine.io messages: the client itself reserves 'error', and writes no placeholder without an attachment.
var lethalPackets = []string{
	`['2["chat"]']`,
	`['2["error"]']`,
	`['2["error","x"]']`,
	`['2["error",{"message":"x"}]']`,
	`['51-["chat",{"_placeholder":true,"num":5}]', Buffer.from('x')]`,
	`['51-["chat",{"_placeholder":true,"num":-1}]', Buffer.from('x')]`,
}

// Each entry of both lists ends the original's process.
func TestTheOriginalDies(t *testing.T) {
	redis := startRedis(t)
	host := startClientHost(t)
	dies := func(what string, act func(*client)) {
		t.Helper()
		seed := startSeed(t, redis)
		c := host.connect(t, "2.1.1", seed, "websocket")
		act(c)
		eventually(t, waitLimit, func() string {
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

func TestOursSurvivesWhatEndsTheOriginal(t *testing.T) {
	needsTsunagu(t)
	nodes := startNodes(t, 2, startRedis(t))
	host := startClientHost(t)
	receiver := host.connect(t, "2.1.1", nodes[1], "websocket")
	var sent sequence
	survives := func(sender *client, what string) {
		t.Helper()
		line := fmt.Sprintf("%s lives after %s", sender, what)
		sender.chat(t, line)
		sent = append(sent, line)
		allReceive(t, []*client{receiver}, sent)
		nodes[0].proc.mustRun(t)
	}
	for _, transport := range []string{"websocket", "polling"} {
		sender := host.connect(t, "2.1.1", nodes[0], transport)
		for _, args := range lethal {
			sender.emits(t, args)
			survives(sender, "emit("+args+")")
		}
		for _, packets := range lethalPackets {
			sender.sends(t, packets)
			survives(sender, packets)
		}
		sender.stayedConnected(t)
	}
	// These may end the connection of the sender, and nothing else.
	witness := host.connect(t, "2.5.0", nodes[0], "websocket")
	for i, packets := range []string{
		`['599999999999-["chat",{"_placeholder":true,"num":0}]', Buffer.from('x')]`,
		`['5']`,
		`['9["chat","x"]']`,
		`['2["chat"']`,
		`[Buffer.from('stray')]`,
	} {
		version := []string{"1.7.4", "2.0.4", "2.1.1", "2.5.0"}[i%4]
		host.connect(t, version, nodes[i/4], "websocket").sends(t, packets)
		survives(witness, packets)
	}
	witness.stayedConnected(t)
	receiver.stayedConnected(t)
}

//go:build e2e

package e2e

import (
	"net"
	"slices"
	"testing"
)

// A line that is typed into one of two windows.
type typed struct {
	window int
	line   string
}

var conversation = []typed{
	{0, "Hello from port 3000!"},
	{1, "こんにちは、3001番ポートからです"},
	{0, "別々のサーバーなのに、ちゃんと届いてる 🎉"},
	{1, "Redisのおかげですね 👍🏽"},
	{0, "サーバーもフロントも👩‍💻、お昼は𠮷野家で🍚"},
	{1, "PubSub, はじめました"},
}

// converse opens windows on two nodes and has the conversation there.
func converse(t *testing.T, nodes []node) []*window {
	t.Helper()
	browser := startBrowser(t)
	windows := []*window{openWindow(t, browser, nodes[0]), openWindow(t, browser, nodes[1])}
	converseIn(t, windows)
	return windows
}

// converseIn types the conversation. Half of the lines are sent with Enter, half with the button.
func converseIn(t *testing.T, windows []*window) {
	t.Helper()
	var sent sequence
	for i, c := range conversation {
		w := windows[c.window]
		w.types(t, c.line)
		if i%4 < 2 {
			w.pressesEnter(t)
		} else {
			w.clicksSend(t)
		}
		sent = append(sent, c.line)
		allReceive(t, windows, sent)
	}
	for _, w := range windows {
		if shown := w.received(t); !slices.Equal(shown, sent) {
			t.Errorf("%v shows %q, want %q", w, shown, sent)
		}
	}
}

// Every node looks for Redis on this port, so the embedded one cannot use another.
const embeddedAddr = "127.0.0.1:6379"

// needsNoRedis fails if the port of the embedded Redis is taken.
func needsNoRedis(t *testing.T) {
	t.Helper()
	needsTsunagu(t)
	conn, err := net.Dial("tcp", embeddedAddr)
	if err == nil {
		conn.Close()
		t.Fatalf("a program listens on %s. This test needs a machine without Redis: stop the program, and run the test again", embeddedAddr)
	}
}

func TestPageWithoutRedis(t *testing.T) {
	needsNoRedis(t)
	windows := converse(t, startTsunagu(t, 2))
	takePicture(t, windows)
}

func TestPageOnTwoProcessesWithEmbeddedRedis(t *testing.T) {
	needsNoRedis(t)
	first := startTsunagu(t, 1)
	converse(t, append(first, startTsunagu(t, 1)...))
}

func TestPageOnTwoProcessesWithRedis(t *testing.T) {
	redis := startRedis(t)
	windows := converse(t, append(startNodes(t, 1, redis), startNodes(t, 1, redis)...))
	if againstSeed {
		takePicture(t, windows)
	}
}

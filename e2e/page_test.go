//go:build e2e

package e2e

import (
	"net"
	"slices"
	"testing"
)

// A line that a user of a window types, and which window that is.
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

// converse has the conversation in windows on two nodes.
func converse(t *testing.T, nodes []node) []*window {
	t.Helper()
	browser := startBrowser(t)
	windows := []*window{openWindow(t, browser, nodes[0]), openWindow(t, browser, nodes[1])}
	converseIn(t, windows)
	return windows
}

// converseIn has the conversation, one line after the other. Half of the lines go off with Enter, half with the button.
func converseIn(t *testing.T, windows []*window) {
	t.Helper()
	var said speech
	for i, c := range conversation {
		w := windows[c.window]
		w.types(t, c.line)
		if i%4 < 2 {
			w.pressesEnter(t)
		} else {
			w.clicksSend(t)
		}
		said = append(said, c.line)
		everyoneHears(t, windows, said)
	}
	for _, w := range windows {
		if shown := w.heard(t); !slices.Equal(shown, said) {
			t.Errorf("%v shows %q, want %q", w, shown, said)
		}
	}
}

// The port of the embedded Redis is the one that everybody looks at, so it cannot be a free one.
const embeddedAddr = "127.0.0.1:6379"

// needsNoRedis fails if somebody listens where the embedded Redis would.
func needsNoRedis(t *testing.T) {
	t.Helper()
	needsTsunagu(t)
	conn, err := net.Dial("tcp", embeddedAddr)
	if err == nil {
		conn.Close()
		t.Fatalf("something listens on %s. This test is about a machine without Redis: stop it, and run the test again", embeddedAddr)
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

//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page with the client of 4.8 in the place of its script chats with the page as it is.
func TestPageWithClient4(t *testing.T) {
	needsTsunagu(t)
	nodes := startNodes(t, 2, startRedis(t))
	for _, newer := range []int{0, 1} { // which of the two windows has it
		browser := startBrowser(t)
		with := []scripts{originalScripts, originalScripts}
		with[newer] = client4Scripts(t)
		windows := []*window{openWindowWith(t, browser, nodes[0], with[0]), openWindowWith(t, browser, nodes[1], with[1])}
		for i, w := range windows {
			eio, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`String(`+with[i].socket+`.io.engine.transport.query.EIO)`))
			if want := map[bool]string{false: "3", true: "4"}[i == newer]; err != nil || eio != want {
				t.Fatalf("%v speaks EIO %s, want %s: %v", w, eio, want, err)
			}
		}
		converseIn(t, windows)
	}
}

// client4Scripts replace the client by that of 4.8, and a line that keeps the page's socket: this client has no cache
// of managers.
func client4Scripts(t *testing.T) scripts {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(modules, "client-4.8.4/dist/socket.io.js"))
	if err != nil {
		t.Fatal(err)
	}
	source = append(source, "\nio = (connect => () => window.pageSocket = connect())(io)\n"...)
	file := filepath.Join(t.TempDir(), "socket.io.js")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatal(err)
	}
	return scripts{
		files:  map[string]string{clientScript: file, jQuery: originalScripts.files[jQuery]},
		socket: "window.pageSocket",
	}
}

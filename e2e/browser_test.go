//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The size of a window in the picture, in CSS pixels; drawn at twice the density.
const windowWidth, windowHeight = 460, 290

// What the page loads from other servers.
const (
	clientScript = "https://cdnjs.cloudflare.com/ajax/libs/socket.io/2.1.1/socket.io.js"
	jQuery       = "https://code.jquery.com/jquery-1.11.1.js"
)

// scripts are the files that the page gets from the test in their place, and how to find its socket.
type scripts struct {
	files  map[string]string // by address, below node_modules or as an absolute path
	socket string            // the page's socket, as JavaScript
}

// The page has no variable for its socket, but the client's cache of managers has it.
var originalScripts = scripts{
	files:  map[string]string{clientScript: "client-2.1.1/dist/socket.io.js", jQuery: "jquery/dist/jquery.js"},
	socket: `Object.values(io.managers).flatMap(m => Object.values(m.nsps))[0]`,
}

// A window is a Chromium window with the page in it.
type window struct {
	ctx  context.Context
	name string
}

// startBrowser starts Chromium with a fresh profile. It ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(flags...))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing Chromium: %v", err)
		}
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// openWindow opens a node's page in a window with a profile of its own, and waits until the chat is connected. The page
// itself does not show that.
func openWindow(t *testing.T, browser context.Context, n node) *window {
	t.Helper()
	return openWindowWith(t, browser, n, originalScripts)
}

func openWindowWith(t *testing.T, browser context.Context, n node, with scripts) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithNewWindow(true))
	t.Cleanup(cancel)
	w := &window{ctx, "the window on port " + n.port}
	paused := chromedp.Events(ctx, fetch.RequestPaused)
	go func() { // ends with the window
		for request, err := range paused {
			if err != nil {
				return
			}
			answerFetch(t, ctx, request, with.files)
		}
	}()
	w.do(t,
		chromedp.EmulateViewport(windowWidth, windowHeight, chromedp.EmulateScale(2)),
		send(fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "https://*"}}}),
		chromedp.Navigate(n.url()+"/"),
	)
	eventually(t, waitLimit, func() string {
		if in, err := chromedp.Run(ctx, chromedp.Evaluate[bool](with.socket+".connected")); err != nil || !in {
			return w.name + " is not connected"
		}
		return ""
	})
	return w
}

// answerFetch answers the requests of the page to other servers.
func answerFetch(t *testing.T, ctx context.Context, request fetch.EventRequestPaused, files map[string]string) {
	err := chromedp.Do(ctx, func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		file, ok := files[request.Request.URL]
		if !ok {
			t.Errorf("the page asks for %s", request.Request.URL)
			_, err := cdp.Call(ctx, tab, fetch.FailRequest, fetch.FailRequestParams{
				RequestID: request.RequestID, ErrorReason: network.ErrorReasonBlockedByClient,
			})
			return chromedp.Void{}, err
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(modules, file)
		}
		body, err := os.ReadFile(file)
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, tab, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: request.RequestID, ResponseCode: 200, Body: body,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "application/javascript"}},
		})
		return chromedp.Void{}, err
	})
	if err != nil && ctx.Err() == nil {
		t.Errorf("answering %s: %v", request.Request.URL, err)
	}
}

// send is a protocol command as an action.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, tab, command, params)
		return chromedp.Void{}, err
	}
}

func (w *window) String() string { return w.name }

func (w *window) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, waitLimit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
}

// types writes a line into the field: ASCII by keys, the rest as an input method does.
func (w *window) types(t *testing.T, line string) {
	t.Helper()
	w.do(t, chromedp.Click(chromedp.CSS("#m")))
	for _, r := range line {
		if r < 0x80 {
			w.do(t, chromedp.KeyEvent(string(r)))
		} else {
			w.do(t, send(input.InsertText, input.InsertTextParams{Text: string(r)}))
		}
	}
}

func (w *window) pressesEnter(t *testing.T) {
	t.Helper()
	w.do(t, chromedp.KeyEvent("\r"))
}

func (w *window) clicksSend(t *testing.T) {
	t.Helper()
	w.do(t, chromedp.Click(chromedp.CSS("form button")))
}

// received are the lines that the page shows.
func (w *window) received(t *testing.T) []string {
	t.Helper()
	lines, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]string](
		`[...document.querySelectorAll('#messages li')].map(li => li.textContent)`))
	if err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
	return lines
}

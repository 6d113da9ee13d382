//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// transportOptions are options of the 2.1.1 client, and the transport that a browser then uses.
var transportOptions = []struct{ options, transport string }{
	{`{transports: ['websocket']}`, "websocket"},
	{`{transports: ['websocket'], forceBase64: true}`, "websocket, base64"},
	{`{transports: ['polling']}`, "XHR"},
	{`{transports: ['polling'], forceBase64: true}`, "XHR, base64"},
	{`{transports: ['polling'], forceJSONP: true}`, "JSONP, base64"},
	{`{transports: ['polling'], forceJSONP: true, forceBase64: true}`, "JSONP, base64"},
	{`{}`, "websocket"},
	{`{forceBase64: true}`, "websocket, base64"},
	{`{forceJSONP: true}`, "websocket"},
}

// linesToEscape are lines that some transport has to escape.
func linesToEscape(sender fmt.Stringer) []string {
	lines := []string{"", "\n", "\\n", "\r\n and \n", "\u2028\u2029", "</script><!--", "'\"\\", "%E3%81%82&d=1+1;", "\x00\u007f\ufeff", "5:4hello", "___eio[0](\"x\")"}
	lines = append(lines, beyondASCII...)
	for i := range lines {
		lines[i] += " from " + sender.String()
	}
	return lines
}

// A pageClient is a client of the test in a window, beside the page's own.
type pageClient struct {
	window *window
	name   string
}

// evaluate runs JavaScript in a window, and waits for its promise if it is one.
func evaluate[T any](t *testing.T, w *window, expression string) T {
	t.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%v: %v in %s", w, err, expression)
	}
	return v
}

// loadsClient replaces the page's client by the file that a node serves.
func (w *window) loadsClient(t *testing.T, n node) {
	t.Helper()
	if !evaluate[bool](t, w, fmt.Sprintf(`new Promise((resolve, reject) => {
		delete window.io
		const script = document.createElement('script')
		script.onload = () => resolve(typeof io === 'function' && io.protocol === 4)
		script.onerror = () => reject(Error('not loaded'))
		script.src = %q
		document.head.append(script)
	})`, n.url()+"/socket.io/socket.io.js")) {
		t.Fatalf("%s/socket.io/socket.io.js is no client", n.url())
	}
}

// connectClient connects a client to a node, and waits until it uses its transport.
func (w *window) connectClient(t *testing.T, name string, n node, options, transport string) pageClient {
	t.Helper()
	c := pageClient{w, name}
	w.do(t, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`void (() => {
		const socket = io(%q, Object.assign({forceNew: true}, %s))
		const client = {socket, lines: [], errors: []}
		socket.on('chat', (...args) => client.lines.push(args.map(a => typeof a === 'string' ? a : typeof a + ' ' + a).join(' and ')))
		for (const event of ['connect_error', 'error', 'disconnect']) socket.on(event, why => client.errors.push(event + ': ' + why))
		Object.assign(window.clients = window.clients || {}, {[%q]: client})
	})()`, n.url(), options, name)))
	eventually(t, waitLimit, func() string {
		used := evaluate[string](t, w, c.js(`({socket, errors}) => {
			if (!socket.connected) return 'no connection ' + errors
			const {name, supportsBinary, index} = socket.io.engine.transport
			return (name === 'websocket' ? name : index === undefined ? 'XHR' : 'JSONP') + (supportsBinary ? '' : ', base64')
		}`))
		if used != transport {
			return fmt.Sprintf("%v with %s uses %s, want %s", c, options, used, transport)
		}
		return ""
	})
	return c
}

// js calls a JavaScript function with the client.
func (c pageClient) js(function string) string {
	return fmt.Sprintf("(%s)(clients[%q])", function, c.name)
}

func (c pageClient) String() string { return c.name }

func (c pageClient) received(t *testing.T) []string {
	t.Helper()
	return evaluate[[]string](t, c.window, c.js(`client => client.lines`))
}

// chat emits lines at once, and then one as bytes.
func (c pageClient) chat(t *testing.T, lines []string, asBytes string) {
	t.Helper()
	quoted, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	c.window.do(t, chromedp.Evaluate[chromedp.Void](c.js(`({socket}) => {
		for (const line of `+string(quoted)+`) socket.emit('chat', line)
		socket.emit('chat', new TextEncoder().encode(`+fmt.Sprintf("%q", asBytes)+`).buffer)
	}`)))
}

// closes fails if the client lost its connection, and closes it.
func (c pageClient) closes(t *testing.T) {
	t.Helper()
	if errors := evaluate[[]string](t, c.window, c.js(`client => client.errors`)); len(errors) > 0 {
		t.Errorf("%v had %q", c, errors)
	}
	c.window.do(t, chromedp.Evaluate[chromedp.Void](c.js(`client => void client.socket.close()`)))
}

// The client file that a node serves works in a browser over every transport, with the node that served the page and
// with another.
func TestTransportsInTheBrowser(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	w := openWindow(t, startBrowser(t), nodes[0])
	w.loadsClient(t, nodes[1])
	w.loadsClient(t, nodes[0])
	host := startClientHost(t)
	for i, o := range transportOptions {
		t.Run(o.options, func(t *testing.T) {
			clients := []pageClient{
				w.connectClient(t, fmt.Sprintf("%d on the page's node", i), nodes[0], o.options, o.transport),
				w.connectClient(t, fmt.Sprintf("%d on another node", i), nodes[1], o.options, o.transport),
			}
			outside := host.connect(t, "2.1.1", nodes[1], "websocket")
			sequences := chatInTurn(t, []*client{outside}, func(c *client) []string { return linesToEscape(c) })
			for _, c := range clients {
				sent, bytes := linesToEscape(c), "bytes of "+c.name
				c.chat(t, sent, bytes)
				sequences = append(sequences, append(sent, bytes))
			}
			allReceive(t, []receiver{outside, clients[0], clients[1]}, sequences...)
			for _, c := range clients {
				c.closes(t)
			}
			outside.stayedConnected(t)
			outside.closes(t)
		})
	}
}

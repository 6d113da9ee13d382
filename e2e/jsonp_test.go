//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// Every way in which the 2.1.1 client of a browser can talk: its options, and what it then uses.
var tongues = []struct{ options, transport string }{
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

// tricky are lines that some transport has to escape, and none may change.
func tricky(speaker fmt.Stringer) []string {
	lines := []string{"", "\n", "\\n", "\r\n and \n", "\u2028\u2029", "</script><!--", "'\"\\", "%E3%81%82&d=1+1;", "\x00\u007f\ufeff", "5:4hello", "___eio[0](\"x\")"}
	lines = append(lines, beyondASCII...)
	for i := range lines {
		lines[i] += " from " + speaker.String()
	}
	return lines
}

// A voice is a client of the test's own in a window, beside the page's.
type voice struct {
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

// loadsClient has the page take its client from a node, in place of the one it came with.
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

// raises connects a voice to a node, and waits until it uses its transport.
func (w *window) raises(t *testing.T, name string, n node, options, transport string) voice {
	t.Helper()
	v := voice{w, name}
	w.do(t, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`void (() => {
		const socket = io(%q, Object.assign({forceNew: true}, %s))
		const voice = {socket, lines: [], troubles: []}
		socket.on('chat', (...args) => voice.lines.push(args.map(a => typeof a === 'string' ? a : typeof a + ' ' + a).join(' and ')))
		for (const event of ['connect_error', 'error', 'disconnect']) socket.on(event, why => voice.troubles.push(event + ': ' + why))
		Object.assign(window.voices = window.voices || {}, {[%q]: voice})
	})()`, n.url(), options, name)))
	eventually(t, patience, func() string {
		used := evaluate[string](t, w, v.js(`({socket, troubles}) => {
			if (!socket.connected) return 'no connection ' + troubles
			const {name, supportsBinary, index} = socket.io.engine.transport
			return (name === 'websocket' ? name : index === undefined ? 'XHR' : 'JSONP') + (supportsBinary ? '' : ', base64')
		}`))
		if used != transport {
			return fmt.Sprintf("%v with %s uses %s, want %s", v, options, used, transport)
		}
		return ""
	})
	return v
}

// js is the call of a function with the voice.
func (v voice) js(function string) string {
	return fmt.Sprintf("(%s)(voices[%q])", function, v.name)
}

func (v voice) String() string { return v.name }

func (v voice) heard(t *testing.T) []string {
	t.Helper()
	return evaluate[[]string](t, v.window, v.js(`voice => voice.lines`))
}

// says emits lines in one go, and then one as bytes.
func (v voice) says(t *testing.T, lines []string, asBytes string) {
	t.Helper()
	quoted, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	v.window.do(t, chromedp.Evaluate[chromedp.Void](v.js(`({socket}) => {
		for (const line of `+string(quoted)+`) socket.emit('chat', line)
		socket.emit('chat', new TextEncoder().encode(`+fmt.Sprintf("%q", asBytes)+`).buffer)
	}`)))
}

// leaves fails if the connection was ever lost.
func (v voice) leaves(t *testing.T) {
	t.Helper()
	if troubles := evaluate[[]string](t, v.window, v.js(`voice => voice.troubles`)); len(troubles) > 0 {
		t.Errorf("%v had %q", v, troubles)
	}
	v.window.do(t, chromedp.Evaluate[chromedp.Void](v.js(`voice => void voice.socket.close()`)))
}

// In a browser, with the client that the node itself serves, everything can be said and heard over every
// transport, from the node that the page came from as well as from another one.
func TestTransportsInTheBrowser(t *testing.T) {
	nodes := startNodes(t, 2, startRedis(t))
	w := openWindow(t, startBrowser(t), nodes[0])
	w.loadsClient(t, nodes[1])
	w.loadsClient(t, nodes[0])
	hall := startHall(t)
	for i, tongue := range tongues {
		t.Run(tongue.options, func(t *testing.T) {
			voices := []voice{
				w.raises(t, fmt.Sprintf("%d on the page's node", i), nodes[0], tongue.options, tongue.transport),
				w.raises(t, fmt.Sprintf("%d on another node", i), nodes[1], tongue.options, tongue.transport),
			}
			outside := hall.join(t, "2.1.1", nodes[1], "websocket")
			listeners := []listener{outside, voices[0], voices[1]}
			speeches := talk(t, []*client{outside}, func(c *client) []string { return tricky(c) })
			for _, v := range voices {
				said := tricky(v)
				bytes := "bytes of " + v.name
				v.says(t, said, bytes)
				speeches = append(speeches, append(said, bytes))
			}
			everyoneHears(t, listeners, speeches...)
			for _, v := range voices {
				v.leaves(t)
			}
			outside.stayed(t)
			outside.closes(t)
		})
	}
}

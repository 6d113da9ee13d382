//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A clientHost is a Node process that runs socket.io clients of any version: see testdata/client.js.
type clientHost struct {
	proc  *process
	in    io.Writer
	names map[string]int // the number of clients of a name

	seen []event
	read int // bytes of the output that hold them
}

// A client is one of them.
type client struct {
	host *clientHost
	name string
}

// An event is what happened to a client.
type event struct {
	Who   string
	Event string
	Value string
}

func startClientHost(t *testing.T) *clientHost {
	t.Helper()
	cmd := exec.Command("node", "testdata/client.js")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &clientHost{proc: start(t, "the client host", cmd), in: in, names: map[string]int{}}
}

func (h *clientHost) do(t *testing.T, command map[string]any) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("writing to the client host: %v", err)
	}
}

// events are all that happened so far.
func (h *clientHost) events(t *testing.T) []event {
	t.Helper()
	h.proc.mustRun(t)
	for line := range strings.Lines(h.proc.out.from(h.read)) {
		if !strings.HasSuffix(line, "\n") {
			break // still being written
		}
		h.read += len(line)
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("the client host printed %q: %v", line, err)
		}
		if e.Event == "crash" {
			t.Fatalf("the client host: %s", e.Value)
		}
		h.seen = append(h.seen, e)
	}
	return h.seen
}

// connect connects a client of a version, and waits until it is connected.
func (h *clientHost) connect(t *testing.T, version string, n node, transports ...string) *client {
	t.Helper()
	c := h.open(t, version, n, transports...)
	c.awaits(t, "connect", "")
	return c
}

// open begins to connect a client.
func (h *clientHost) open(t *testing.T, version string, n node, transports ...string) *client {
	t.Helper()
	return h.openWith(t, map[string]any{}, version, n, transports...)
}

// openWith is open with further settings, which testdata/client.js lists.
func (h *clientHost) openWith(t *testing.T, settings map[string]any, version string, n node, transports ...string) *client {
	t.Helper()
	name := fmt.Sprintf("%s %s on %s", version, strings.Join(transports, "+"), n.port)
	h.names[name]++
	if n := h.names[name]; n > 1 {
		name = fmt.Sprintf("%s #%d", name, n)
	}
	maps.Copy(settings, map[string]any{
		"do": "connect", "who": name, "client": version, "url": n.url(),
		"options": map[string]any{"transports": transports},
	})
	h.do(t, settings)
	return &client{h, name}
}

// events are the values of all events of a name so far.
func (c *client) events(t *testing.T, names ...string) (values []string) {
	t.Helper()
	for _, e := range c.host.events(t) {
		if e.Who == c.name && slices.Contains(names, e.Event) {
			values = append(values, e.Value)
		}
	}
	return values
}

// awaits waits for an event with this value, or with any if it is "".
func (c *client) awaits(t *testing.T, name, value string) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		values := c.events(t, name)
		if slices.Contains(values, value) || value == "" && len(values) > 0 {
			return ""
		}
		return fmt.Sprintf("%s had no %s %s, only %q", c.name, name, value, c.host.events(t))
	})
}

// emits calls emit with these arguments, as JavaScript.
func (c *client) emits(t *testing.T, args string) {
	t.Helper()
	c.host.do(t, map[string]any{"do": "emit", "who": c.name, "args": args})
}

// sends writes engine.io messages, as a JavaScript array, past the encoder of the client.
func (c *client) sends(t *testing.T, packets string) {
	t.Helper()
	c.host.do(t, map[string]any{"do": "raw", "who": c.name, "packets": packets})
}

func (c *client) closes(t *testing.T) {
	t.Helper()
	c.host.do(t, map[string]any{"do": "close", "who": c.name})
}

func (c *client) chat(t *testing.T, line string) {
	t.Helper()
	quoted, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	c.emits(t, "'chat', "+string(quoted))
}

func (c *client) String() string { return c.name }

func (c *client) received(t *testing.T) []string {
	t.Helper()
	return c.events(t, "chat")
}

// stayedConnected fails if the client lost its connection.
func (c *client) stayedConnected(t *testing.T) {
	t.Helper()
	if lost := c.events(t, "disconnect", "error", "connect_error"); len(lost) > 0 {
		t.Errorf("%s: %q", c.name, lost)
	}
}

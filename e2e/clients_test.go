//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A hall holds socket.io clients of any version, all in one Node process.
type hall struct {
	proc  *process
	in    io.Writer
	names map[string]int // how many clients have it

	told []event
	read int // bytes of its output that told was read from
}

// A client is one of them.
type client struct {
	hall *hall
	name string
}

type event struct {
	Who   string
	Event string
	Value string
}

func startHall(t *testing.T) *hall {
	t.Helper()
	cmd := exec.Command("node", "testdata/client.js")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &hall{proc: start(t, "the hall of clients", cmd), in: in, names: map[string]int{}}
}

func (h *hall) do(t *testing.T, command map[string]any) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("the hall of clients is closed: %v", err)
	}
}

// events are all that happened so far.
func (h *hall) events(t *testing.T) []event {
	t.Helper()
	h.proc.lives(t)
	for line := range strings.Lines(h.proc.out.from(h.read)) {
		if !strings.HasSuffix(line, "\n") {
			break // still being written
		}
		h.read += len(line)
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("the hall of clients said %q: %v", line, err)
		}
		if e.Event == "crash" {
			t.Fatalf("the hall of clients: %s", e.Value)
		}
		h.told = append(h.told, e)
	}
	return h.told
}

// join connects a client of a version, and waits until it is in.
func (h *hall) join(t *testing.T, version string, n node, transports ...string) *client {
	t.Helper()
	c := h.enter(t, version, n, transports...)
	c.awaits(t, "connect", "")
	return c
}

// enter connects a client and does not wait.
func (h *hall) enter(t *testing.T, version string, n node, transports ...string) *client {
	t.Helper()
	name := fmt.Sprintf("%s %s on %s", version, strings.Join(transports, "+"), n.port)
	h.names[name]++
	if n := h.names[name]; n > 1 {
		name = fmt.Sprintf("%s #%d", name, n)
	}
	h.do(t, map[string]any{
		"do": "connect", "who": name, "client": version, "url": n.url(),
		"options": map[string]any{"transports": transports},
	})
	return &client{h, name}
}

// awaits waits for an event, with this value unless it is empty.
func (c *client) awaits(t *testing.T, name, value string) {
	t.Helper()
	eventually(t, patience, func() string {
		var seen []string
		for _, e := range c.hall.events(t) {
			if e.Who != c.name {
				continue
			}
			if e.Event == name && (value == "" || e.Value == value) {
				return ""
			}
			seen = append(seen, e.Event+" "+e.Value)
		}
		return fmt.Sprintf("%s had no %s %s, only %q", c.name, name, value, seen)
	})
}

// emits takes the arguments of emit as JavaScript.
func (c *client) emits(t *testing.T, args string) {
	t.Helper()
	c.hall.do(t, map[string]any{"do": "emit", "who": c.name, "args": args})
}

// sends takes engine.io messages as a JavaScript array.
func (c *client) sends(t *testing.T, packets string) {
	t.Helper()
	c.hall.do(t, map[string]any{"do": "raw", "who": c.name, "packets": packets})
}

func (c *client) closes(t *testing.T) {
	t.Helper()
	c.hall.do(t, map[string]any{"do": "close", "who": c.name})
}

func (c *client) says(t *testing.T, line string) {
	t.Helper()
	quoted, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	c.emits(t, "'chat', "+string(quoted))
}

func (c *client) String() string { return c.name }

// heard are the lines that reached the client so far.
func (c *client) heard(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, e := range c.hall.events(t) {
		if e.Who == c.name && e.Event == "chat" {
			lines = append(lines, e.Value)
		}
	}
	return lines
}

// stayed fails if the connection was ever lost.
func (c *client) stayed(t *testing.T) {
	t.Helper()
	if i := slices.IndexFunc(c.hall.events(t), func(e event) bool {
		return e.Who == c.name && slices.Contains([]string{"disconnect", "error", "connect_error"}, e.Event)
	}); i >= 0 {
		e := c.hall.events(t)[i]
		t.Errorf("%s: %s, %s", c.name, e.Event, e.Value)
	}
}

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/redis/go-redis/v9"
)

// waitLimit is how long a test waits for what has to come.
const waitLimit = time.Minute

// await returns the next value of a channel.
func await[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(waitLimit):
		t.Fatalf("%s: not after %v", what, waitLimit)
	}
	return v
}

// A brittleListener fails when it is told to.
type brittleListener struct {
	net.Listener
	mu  sync.Mutex
	err error
}

func (l *brittleListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	return c, err
}

// fail makes Accept return err from now on.
func (l *brittleListener) fail(err error) {
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	l.Listener.Close()
}

// A running node.
type running struct {
	*Node
	t        *testing.T
	listener *brittleListener
	stop     context.CancelFunc
	ended    chan struct{} // closed when Serve has returned
	failed   chan error
}

// serve runs a node and waits until it listens.
func serve(t *testing.T, cfg Config) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &running{t: t, listener: &brittleListener{Listener: l}, stop: stop, ended: make(chan struct{}), failed: make(chan error, 1)}
	cfg.Failed, cfg.Logger = func(err error) { n.failed <- err }, slog.New(slog.DiscardHandler)
	n.Node = New(cfg)
	listening := make(chan struct{})
	go func() {
		defer close(n.ended)
		n.Serve(ctx, n.listener, func() { close(listening) })
	}()
	t.Cleanup(func() {
		stop()
		await(t, "the end of the node", n.ended)
	})
	await(t, "the node listens", listening)
	return n
}

// A client is one websocket of protocol revision 4, in the chat.
type client struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
}

func (n *running) connect() *client {
	n.t.Helper()
	url := "ws://" + n.listener.Addr().String() + "/socket.io/?EIO=4&transport=websocket"
	conn, early, _, err := ws.Dial(n.t.Context(), url)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	c := &client{n.t, conn, conn}
	if early != nil { // frames that came with the handshake
		c.in = early
	}
	c.read() // the handshake
	c.send("40")
	c.read() // the answer
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := wsutil.WriteClientText(c.conn, []byte(text)); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

// read returns the next message, or "closed".
func (c *client) read() string {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(waitLimit))
	data, _, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{c.in, c.conn})
	if e := (wsutil.ClosedError{}); errors.As(err, &e) {
		return "closed"
	}
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// expect checks the next messages.
func (c *client) expect(want ...string) {
	c.t.Helper()
	for _, text := range want {
		if got := c.read(); got != text {
			c.t.Fatalf("the client got %q, want %q", got, text)
		}
	}
}

// rest returns all messages until the server closes the connection.
func (c *client) rest() (all []string) {
	c.t.Helper()
	for text := c.read(); ; text = c.read() {
		if !strings.HasPrefix(text, "42") {
			if text != "closed" {
				c.t.Errorf("the client got %q, want a close frame", text)
			}
			return all
		}
		all = append(all, text)
	}
}

func line(text string) string { return fmt.Sprintf(`42["chat",%q]`, text) }

// What clients said before the end reaches everybody, also those of the node that
// ends, before they are told to go.
func TestShutdownLosesNothing(t *testing.T) {
	m := miniredis.RunT(t)
	cfg := Config{Redis: &redis.Options{Addr: m.Addr()}}
	n, other := serve(t, cfg), serve(t, cfg)
	const before, lines = 500, 600
	speaker, reader, elsewhere := n.connect(), n.connect(), other.connect()
	var all []string
	for i := range lines {
		all = append(all, line(fmt.Sprint(i)))
	}
	for _, text := range all[:before] {
		speaker.send(text)
	}
	accepted := time.NewTicker(time.Millisecond)
	defer accepted.Stop()
	for late := time.After(waitLimit); n.Report().Figures().LinesIn < before; {
		select {
		case <-accepted.C:
		case <-late:
			t.Fatalf("the node has accepted %d lines, want %d", n.Report().Figures().LinesIn, before)
		}
	}
	n.stop()
	for _, text := range all[before:] { // the speaker has not read that it is to go
		speaker.send(text)
	}
	for name, c := range map[string]*client{"speaker": speaker, "reader": reader} {
		got := c.rest()
		if len(got) < before || !slices.Equal(got, all[:len(got)]) {
			t.Errorf("the %s got %d lines before it was told to go, want the first %d or more, in order", name, len(got), before)
		}
	}
	elsewhere.expect(all...)
	await(t, "the end of the node", n.ended)
	if f := n.Report().Figures(); f.Closed["server shutting down"] != 2 || f.Redis.Waiting != 0 {
		t.Errorf("closes %v, and %d lines wait for Redis", f.Closed, f.Redis.Waiting)
	}
	elsewhere.send(line("later"))
	elsewhere.expect(line("later"))
}

// While the node shuts down it says so, and accepts no connections. Redis is away, so a
// handler blocks, for which nothing waits longer than the limit.
func TestShutdownWithABlockedHandler(t *testing.T) {
	n := serve(t, Config{Redis: &redis.Options{Addr: "127.0.0.1:1"}, Buffer: 1, Drain: 2 * time.Second})
	c := n.connect()
	for range 100 { // the first fills the buffer
		c.send(line("x"))
	}
	n.stop()
	refused := time.NewTicker(time.Millisecond)
	defer refused.Stop()
	for {
		<-refused.C
		resp, err := http.Get("http://" + n.listener.Addr().String())
		if err != nil {
			break
		}
		resp.Body.Close()
	}
	if why := n.Report().Figures().Unready; !strings.Contains(strings.Join(why, ", "), "draining") {
		t.Errorf("the node is not ready because of %q, want draining among the reasons", why)
	}
	c.expect("closed")
	await(t, "the end of the node", n.ended)
	if f := n.Report().Figures(); f.LinesDropped["shutdown"] != 1 {
		t.Errorf("dropped %v, want the line that was in the buffer", f.LinesDropped)
	}
}

// A listener that fails ends the node in order, and the owner is told.
func TestListenerFails(t *testing.T) {
	m := miniredis.RunT(t)
	n := serve(t, Config{Port: 3000, Redis: &redis.Options{Addr: m.Addr()}})
	c := n.connect()
	broken := errors.New("on purpose")
	n.listener.fail(broken)
	err := await(t, "the failure", n.failed)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "3000") {
		t.Errorf("the failure is %v, want %v with the port", err, broken)
	}
	c.expect("closed")
	await(t, "the end of the node", n.ended)
}

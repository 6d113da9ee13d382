package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waitLimit is how long a test waits for what has to come.
const waitLimit = 10 * time.Second

// A testServer is a profile that runs until the test ends.
type testServer struct {
	t      *testing.T
	url    string // with the path, and a question mark
	client *http.Client
}

// start runs a profile, with pings so rare that no test sees them.
func start(t *testing.T, name string) *testServer {
	t.Helper()
	p := profiles[name]
	p.engine.PingInterval = time.Hour
	return run(t, p)
}

func run(t *testing.T, p profile) *testServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l, p, 0) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		stop()
		transport.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &testServer{t, "http://" + l.Addr().String() + p.path + "?", &http.Client{Transport: transport}}
}

// do sends a request and returns the status and the body of the answer.
func (s *testServer) do(method, query, body string, contentType ...string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+query, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", append(contentType, "text/plain;charset=UTF-8")[0])
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Errorf("%s %s: %v", method, query, err)
		return 0, ""
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data)
}

func (s *testServer) want(status int, body, method, query, send string) {
	s.t.Helper()
	if gotStatus, got := s.do(method, query, send); gotStatus != status || body != "" && got != body {
		s.t.Errorf("%s %s %q: got %d %q, want %d %q", method, query, send, gotStatus, got, status, body)
	}
}

// An open is the handshake.
type open struct {
	SID                                   string
	Upgrades                              []string
	PingInterval, PingTimeout, MaxPayload int
}

func parseOpen(t *testing.T, packet string) (o open) {
	t.Helper()
	if packet == "" || packet[0] != '0' || json.Unmarshal([]byte(packet[1:]), &o) != nil || len(o.SID) != 20 {
		t.Fatalf("the handshake is %q", packet)
	}
	return o
}

// A socket is a websocket.
type socket struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
}

// dial opens a websocket and does not read from it.
func (s *testServer) dial(query string) *socket {
	s.t.Helper()
	conn, in, err := s.tryDial(query)
	if err != nil {
		s.t.Fatalf("websocket %s: %v", query, err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &socket{s.t, conn, in}
}

func (s *testServer) tryDial(query string) (net.Conn, io.Reader, error) {
	conn, early, _, err := ws.Dial(context.Background(), strings.Replace(s.url, "http", "ws", 1)+query)
	if early != nil { // frames that came with the handshake
		return conn, early, err
	}
	return conn, conn, err
}

// connect opens a websocket of its own session and reads the handshake.
func (s *testServer) connect(eio string) (*socket, open) {
	s.t.Helper()
	k := s.dial("transport=websocket&EIO=" + eio)
	return k, parseOpen(s.t, k.read())
}

// read returns the next message: text as it is, binary as "binary " and its bytes,
// "closed" at the end.
func (k *socket) read() string {
	k.t.Helper()
	k.conn.SetReadDeadline(time.Now().Add(waitLimit))
	data, op, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{k.in, k.conn})
	switch timeout, ok := err.(net.Error); {
	case ok && timeout.Timeout():
		k.t.Fatalf("no message from the server in %v", waitLimit)
	case err != nil:
		return "closed"
	case op == ws.OpBinary:
		return "binary " + string(data)
	}
	return string(data)
}

func (k *socket) want(messages ...string) {
	k.t.Helper()
	for _, want := range messages {
		if got := k.read(); got != want {
			k.t.Fatalf("the client got %q, want %q", got, want)
		}
	}
}

// send sends messages: "binary " and bytes as binary.
func (k *socket) send(messages ...string) {
	k.t.Helper()
	for _, m := range messages {
		op, text := ws.OpText, m
		if rest, ok := strings.CutPrefix(m, "binary "); ok {
			op, text = ws.OpBinary, rest
		}
		if err := wsutil.WriteClientMessage(k.conn, op, []byte(text)); err != nil {
			k.t.Fatalf("send %q: %v", m, err)
		}
	}
}

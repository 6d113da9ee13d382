package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"

	"tsunagu/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waitLimit is how long a test waits for what has to come.
const waitLimit = time.Minute

// serve runs an engine with a bridge until the test ends.
func serve(t *testing.T, cfg Config, register func(*Server)) (srv *Server, url string) {
	t.Helper()
	srv = New(cfg)
	if register != nil {
		register(srv)
	}
	return srv, serveHandler(t, srv, engine.New(engine.Config{}, srv))
}

func serveHandler(t *testing.T, srv *Server, eng *engine.Server) (url string) {
	t.Helper()
	web := httptest.NewServer(eng)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
		defer cancel()
		if err := eng.Shutdown(ctx); err != nil {
			t.Errorf("the engine does not end: %v", err)
		}
		web.Close()
		srv.Close()
	})
	return strings.Replace(web.URL, "http", "ws", 1)
}

// A client is one websocket, spoken by hand.
type testClient struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
	sid  string
}

// dial connects and reads the engine's handshake and the messages that come first,
// which in revision 3 is the CONNECT of the handshake unless the test says
// otherwise. The URL may have a query.
func dial(t *testing.T, url string, revision int, first ...string) *testClient {
	t.Helper()
	url, query, _ := strings.Cut(url, "?")
	u := fmt.Sprintf("%s/socket.io/?EIO=%d&transport=websocket&%s", url, revision, query)
	conn, early, _, err := ws.Dial(t.Context(), u)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	c := &testClient{t: t, conn: conn, in: conn}
	if early != nil { // frames that came with the handshake
		c.in = early
	}
	t.Cleanup(func() { conn.Close() })
	c.readHandshake()
	if revision == 3 && first == nil {
		first = []string{"40"}
	}
	for _, want := range first {
		c.expect(want)
	}
	return c
}

func (c *testClient) readHandshake() {
	c.t.Helper()
	hello := c.read()
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(hello[1:]), &open); err != nil {
		c.t.Fatalf("handshake %q: %v", hello, err)
	}
	c.sid = open.SID
}

// read returns the next message; binary ones as "binary:" and their bytes.
func (c *testClient) read() string {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(waitLimit))
	data, op, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{c.in, c.conn})
	if err != nil {
		return "closed"
	}
	if op == ws.OpBinary {
		return "binary:" + string(data)
	}
	return string(data)
}

func (c *testClient) expect(want string) {
	c.t.Helper()
	if got := c.read(); got != want {
		c.t.Fatalf("the client got %q, want %q", got, want)
	}
}

func (c *testClient) send(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if err := wsutil.WriteClientText(c.conn, []byte(text)); err != nil {
			c.t.Fatalf("send %q: %v", text, err)
		}
	}
}

func (c *testClient) sendBinary(data ...byte) {
	c.t.Helper()
	if err := wsutil.WriteClientBinary(c.conn, data); err != nil {
		c.t.Fatalf("send binary: %v", err)
	}
}

// alive checks that the connection still works, and that no other message was on
// its way.
func (c *testClient) alive() {
	c.t.Helper()
	c.send("2")
	c.expect("3")
}

// await returns the next value of a channel.
func await[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(waitLimit):
		t.Fatalf("%s: nothing after %v", what, waitLimit)
		panic("unreachable")
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	late := time.After(waitLimit)
	for !holds() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%s: not after %v", what, waitLimit)
		}
	}
}

// answer is a handler that acks some values.
func answer(values ...any) func(*Conn, Args) []any {
	return func(*Conn, Args) []any { return append([]any{}, values...) }
}

// add is a handler that acks the sum of its arguments.
func add(c *Conn, args Args) []any {
	var x, y int
	if err := errors.Join(args.Decode(0, &x), args.Decode(1, &y)); err != nil {
		return nil
	}
	return []any{x + y}
}

// An audience keeps count.
type audience struct {
	mu    sync.Mutex
	count map[string]int
	news  chan string
}

func newAudience() *audience {
	return &audience{count: make(map[string]int), news: make(chan string, 100)}
}

func (a *audience) Join(name string, s *engine.Session) engine.Feed {
	a.note("join "+name, 1, name+s.ID())
	return nil
}

func (a *audience) Leave(name string, s *engine.Session) { a.note("leave "+name, -1, name+s.ID()) }

func (a *audience) note(what string, n int, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count[key] += n
	if a.count[key] < 0 || a.count[key] > 1 {
		what = fmt.Sprintf("%s, which makes %d", what, a.count[key])
	}
	a.news <- what
}

func (a *audience) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := await(t, a.news, w); got != w {
			t.Fatalf("the audience was told %q, want %q", got, w)
		}
	}
}

func TestAudienceLearnsEachSessionOnce(t *testing.T) {
	a := newAudience()
	_, url := serve(t, Config{Audience: a}, func(s *Server) { s.Namespace("/side") })
	c := dial(t, url, 3)
	a.expect(t, "join /")
	c.send("40", "40/side,", "40/side,")
	c.expect("40/side,")
	c.expect("40/side,")
	a.expect(t, "join /side")
	c.send("41/side,", "41/side,", "41")
	a.expect(t, "leave /side", "leave /")
	c.send("40")
	a.expect(t, "join /")
	c.conn.Close()
	a.expect(t, "leave /")
}

func TestListenersAreNotAttached(t *testing.T) {
	srv, url := serve(t, Config{}, func(s *Server) { s.OnEvent("/", "say", answer(1)) })
	quiet, loud := dial(t, url, 3), dial(t, url, 3)
	quiet.alive()
	loud.send(`421["say"]`)
	loud.expect("431[1]")
	if n := srv.io.Count(); n != 1 {
		t.Errorf("%d sessions are attached to go-socket.io, want only the one that spoke", n)
	}
}

func TestSessionsThatEndAreForgotten(t *testing.T) {
	srv, url := serve(t, Config{}, func(s *Server) { s.OnEvent("/", "say", answer(1)) })
	for range 50 {
		c := dial(t, url, 3)
		c.send(`421["say"]`)
		c.expect("431[1]")
		// At the end of a connection go-socket.io searches all rooms, so that the end
		// of many would take the square of their number.
		if rooms := srv.io.Rooms("/"); len(rooms) != 0 {
			t.Errorf("go-socket.io has %d rooms while a session is open", len(rooms))
		}
		c.conn.Close()
	}
	srv.ioConns.Wait()
	eventually(t, "go-socket.io has forgotten all sessions", func() bool { return srv.io.Count() == 0 })
	if rooms := srv.io.Rooms("/"); len(rooms) != 0 {
		t.Errorf("%d rooms are left behind in go-socket.io", len(rooms))
	}
}

func TestUnknownNamespaceAndEventCostNothing(t *testing.T) {
	_, url := serve(t, Config{}, func(s *Server) { s.OnEvent("/", "known", answer(1)) })
	c := dial(t, url, 3)
	c.send("40/nope,")
	c.expect(`44/nope,"Invalid namespace"`)
	c.send(`42["unknown"]`, `421["unknown"]`, `42/nope,["known"]`, `42`, `42[]`, `42[7]`, `43["x"]`, `439["x"]`)
	c.alive()
	c.send(`422["known"]`)
	c.expect("432[1]")
}

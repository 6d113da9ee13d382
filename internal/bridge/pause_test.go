package bridge

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"tsunagu/internal/engine"
)

// A handler that blocks holds up the events of its client, but not its pings.
func TestPingsPassABlockedHandler(t *testing.T) {
	gate := make(chan struct{})
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "block", func(*Conn, Args) []any { <-gate; return nil })
		s.OnEvent("/", "add", add)
	})
	c, other := dial(t, url, 3), dial(t, url, 3)
	c.send(`42["block"]`, `421["add",1,2]`)
	c.alive()
	other.send(`421["add",2,3]`)
	other.expect("431[5]")
	close(gate)
	c.expect("431[3]")
}

// Beyond the bound the server stops reading, keeps the client alive, and loses
// nothing.
func TestReadingStopsAtTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, handled := make(chan struct{}), make(chan string, 1000)
		c := pipeClient(t, Config{MaxQueue: 20 * overhead}, func(s *Server) {
			s.OnEvent("/", "x", func(_ *Conn, args Args) []any { <-gate; handled <- string(args.JSON(0)); return nil })
		})
		sent := make(chan int, 1000)
		go func() {
			for i := range 100 {
				c.send(fmt.Sprintf(`42["x",%d]`, i))
				sent <- i
			}
			c.send("2")
			close(sent)
		}()
		start := time.Now()
		for time.Since(start) < 5*time.Minute {
			c.expect("6")
		}
		if n := len(sent); n < 5 || n > 20 {
			t.Errorf("the server has read %d events while the handler was blocked, want about ten", n)
		}
		close(gate)
		c.expect("3")
		for i := range 100 {
			if got := <-handled; got != fmt.Sprint(i) {
				t.Fatalf("event %d is %s", i, got)
			}
		}
	})
}

// pipeClient connects a client of revision 3 to a server of its own through a pipe,
// as a test with a clock of its own needs it.
func pipeClient(t *testing.T, cfg Config, register func(*Server)) *testClient {
	t.Helper()
	_, connect := pipeServer(t, cfg, register)
	return connect()
}

// pipeServer runs a server, and returns a function that connects a client.
func pipeServer(t *testing.T, cfg Config, register func(*Server)) (srv *Server, connect func() *testClient) {
	t.Helper()
	srv = New(cfg)
	register(srv)
	eng := engine.New(engine.Config{}, srv)
	t.Cleanup(func() {
		if err := eng.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	return srv, func() *testClient {
		t.Helper()
		server, conn := net.Pipe()
		t.Cleanup(func() { conn.Close() })
		go eng.ServeHTTP(hijacker{httptest.NewRecorder(), server}, upgradeRequest())
		in := bufio.NewReader(conn)
		if _, err := http.ReadResponse(in, nil); err != nil {
			t.Fatal(err)
		}
		c := &testClient{t: t, conn: conn, in: in}
		c.readHandshake()
		c.expect("40")
		return c
	}
}

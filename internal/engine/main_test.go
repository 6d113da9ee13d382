package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testTimeout is how long a test waits for an event.
const testTimeout = time.Minute

// A testServer is a Server with a testHandler, and the means to connect to it.
type testServer struct {
	*testHandler
	t      testing.TB
	engine *Server
	dial   func() (net.Conn, error)
	client *http.Client
}

// newTestServer serves on a loopback port.
func newTestServer(t testing.TB, cfg Config, set ...func(*testHandler)) *testServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal("no loopback port: ", err)
	}
	dial := func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	return serveTest(t, cfg, l, dial, set)
}

// newPipeServer serves over pipes, for tests with synctest's clock.
func newPipeServer(t testing.TB, cfg Config, set ...func(*testHandler)) *testServer {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	return serveTest(t, cfg, l, l.dial, set)
}

func serveTest(t testing.TB, cfg Config, l net.Listener, dial func() (net.Conn, error), set []func(*testHandler)) *testServer {
	w := newTestHandler()
	for _, f := range set {
		f(w)
	}
	st := &testServer{testHandler: w, t: t, engine: New(cfg, w), dial: dial}
	st.client = &http.Client{Transport: &http.Transport{
		DialContext:         func(context.Context, string, string) (net.Conn, error) { return st.dial() },
		DisableCompression:  true,
		MaxIdleConnsPerHost: 100,
	}}
	srv := &http.Server{Handler: st.engine}
	var serving sync.WaitGroup
	serving.Go(func() { srv.Serve(l) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		if err := st.engine.Shutdown(ctx); err != nil {
			t.Error("Shutdown failed: ", err)
		}
		if n := st.engine.Len(); n != 0 {
			t.Errorf("%d sessions are left after Shutdown", n)
		}
		checkNoneCounted(t, st.engine.Stats())
		st.client.CloseIdleConnections()
		srv.Close()
		serving.Wait()
		w.check(t)
	})
	return st
}

// in returns a copy of the testServer for a subtest.
func (st testServer) in(t testing.TB) *testServer {
	st.t = t
	return &st
}

// A pipeListener accepts the connections that its dial creates.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return address("pipe") }

// A testHandler is a Handler that records its calls.
type testHandler struct {
	// set before the first session
	onOpen    func(*Session)
	onMessage func(s *Session, data []byte, binary bool)
	onClosed  func(*Session)

	opened   chan *Session
	received chan string // binary as "binary " and hexadecimal
	closed   chan ending

	mu    sync.Mutex
	notes map[*Session]string
}

type ending struct {
	session *Session
	reason  Reason
}

func newTestHandler() *testHandler {
	return &testHandler{
		opened:   make(chan *Session, 1000),
		received: make(chan string, 10000),
		closed:   make(chan ending, 1000),
		notes:    make(map[*Session]string),
	}
}

func (w *testHandler) note(s *Session, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes[s] += what + " "
}

// check checks the order of the calls for each session.
func (w *testHandler) check(t testing.TB) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s, notes := range w.notes {
		if notes != "opening opened closed " {
			t.Errorf("the calls for session %s were %s; want opening, opened, closed", s.id, notes)
		}
	}
}

func (w *testHandler) Opened(s *Session) {
	w.note(s, "opening")
	if w.onOpen != nil {
		w.onOpen(s)
	}
	w.note(s, "opened")
	w.opened <- s
}

func (w *testHandler) Message(s *Session, data []byte, binary bool) {
	switch {
	case w.onMessage != nil:
		w.onMessage(s, data, binary)
	case binary:
		w.received <- fmt.Sprintf("binary %x", data)
	default:
		w.received <- string(data)
	}
}

func (w *testHandler) Closed(s *Session, reason Reason) {
	w.note(s, "closed")
	w.closed <- ending{s, reason}
	if w.onClosed != nil {
		w.onClosed(s)
	}
}

// await receives the next value of ch.
func await[T any](t testing.TB, ch <-chan T, what string) T {
	t.Helper()
	timeout := time.NewTimer(testTimeout)
	defer timeout.Stop()
	select {
	case v := <-ch:
		return v
	case <-timeout.C:
		t.Fatal("timeout while waiting for ", what)
		panic("unreachable")
	}
}

// advance moves the clock of a synctest bubble forward.
func advance(d time.Duration) { <-time.After(d) }

// eventually waits until cond returns true.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(testTimeout); !cond(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("timeout while waiting until ", what)
		}
	}
}

// wantReceived checks the next messages that the handler receives.
func (st *testServer) wantReceived(want ...string) {
	st.t.Helper()
	for _, text := range want {
		if got := await(st.t, st.received, "message "+text); got != text {
			st.t.Errorf("the handler received %q, want %q", got, text)
		}
	}
}

// wantClosed checks how a session ends.
func (st *testServer) wantClosed(s *Session, want Reason) {
	st.t.Helper()
	got := await(st.t, st.closed, "the end of session "+s.id)
	if got.session != s || got.reason != want {
		st.t.Errorf("session %s ended with %q, want session %s with %q", got.session.id, got.reason, s.id, want)
	}
	if st.engine.lookup(s.id) != nil {
		st.t.Errorf("session %s has ended but is still registered", s.id)
	}
}

// wantOpen checks that a session has not ended.
func (st *testServer) wantOpen(s *Session) {
	st.t.Helper()
	select {
	case got := <-st.closed:
		st.t.Errorf("session %s has ended with %q", got.session.id, got.reason)
	default:
	}
	if st.engine.lookup(s.id) == nil {
		st.t.Errorf("session %s is no longer registered", s.id)
	}
}

package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// drained runs Drain and returns a channel with its result.
func (st *testServer) drained(drain func(context.Context) error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- drain(st.t.Context()) }()
	return ended
}

// awaitDraining waits until a session has begun to drain.
func (st *testServer) awaitDraining(s *Session) {
	st.t.Helper()
	eventually(st.t, "the session drains", func() bool {
		s.mu.Lock()
		defer s.unlock()
		return s.drainingLocked() || s.out.state == closed
	})
}

// A websocket gets all that the feed held, and then the close frame. What its client
// sent before it read that is handled.
func TestDrainWebSocket(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{websocket3, websocket4} {
		log := &feedLog{}
		c, s := st.join(query)
		s.Attach(log.start())
		log.add("one", "two")
		s.beginDrain(websocketTransport)
		log.add("too late")
		c.want("4one", "4two")
		if f := c.next(); f.Header.OpCode != ws.OpClose || len(f.Payload) > 0 {
			t.Fatalf("got frame %+v %q, want a close frame", f.Header, f.Payload)
		}
		s.Send(Message{Data: []byte("behind the close frame")})
		c.frame(ws.NewPingFrame([]byte("behind the close frame")))
		c.send("4said before", "2", "4the client knew")
		st.wantReceived("said before", "the client knew")
		c.frame(ws.NewCloseFrame(nil))
		c.wantEnd()
		st.wantClosed(s, ServerShutdown)
	}
}

// Drain waits for clients that read slowly, and refuses new ones.
func TestDrainWaitsForReaders(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.stalled()
	ended := st.drained(st.engine.Drain)
	st.awaitDraining(s)
	if a := st.do("GET", polling4, ""); a.status != 503 {
		t.Errorf("a handshake got status %d, want 503", a.status)
	}
	for f := c.next(); f.Header.OpCode != ws.OpClose; f = c.next() {
		if f.Header.OpCode != ws.OpText {
			t.Fatalf("got frame %+v, want what was queued", f.Header)
		}
	}
	c.frame(ws.NewCloseFrame(nil))
	if err := await(t, ended, "the end of Drain"); err != nil {
		t.Error("Drain: ", err)
	}
	st.wantClosed(s, ServerShutdown)
}

// A polling client gets what is queued with one poll and the end with the next, in each
// revision as the client expects it.
func TestDrainPolling(t *testing.T) {
	st := newTestServer(t, Config{})
	c, s := st.join(websocket4)
	for query, want := range map[string][3]string{
		polling3: {"4:4one", "1:61:1", "1:1"},
		polling4: {"4one", "6\x1e1", "1"},
	} {
		log := &feedLog{}
		between := st.connect(query)
		between.session.Attach(log.start())
		log.add("one")
		waiting := st.connect(query)
		answered := waiting.pending()
		ended := st.drained(st.engine.DrainPolling)
		waiting.wantAnswered(answered, want[2])
		st.wantClosed(waiting.session, ServerShutdown)
		st.awaitDraining(between.session)
		log.add("too late")
		between.wantPoll(want[0])
		between.wantPoll(want[1])
		st.wantClosed(between.session, ServerShutdown)
		if err := await(t, ended, "the end of DrainPolling"); err != nil {
			t.Error("DrainPolling: ", err)
		}
	}
	c.send("4a websocket goes on")
	st.wantReceived("a websocket goes on")
	st.wantOpen(s)
}

// A session whose POST is under way ends after it.
func TestDrainWaitsForThePost(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	answered := p.pending()
	slow := p.slowPost()
	ended := p.drained(p.engine.DrainPolling)
	p.awaitDraining(p.session)
	if len(answered) > 0 {
		t.Errorf("the poll was answered during the POST with %q", (<-answered).body)
	}
	slow.write([]byte("5:4more" + "82:4" + strings.Repeat("x", 81)))
	p.wantReceived("hello", "more", strings.Repeat("x", 81))
	p.wantAnswered(answered, "1:1")
	if err := await(t, ended, "the end of DrainPolling"); err != nil {
		t.Error("DrainPolling: ", err)
	}
	p.wantClosed(p.session, ServerShutdown)
}

// A polling session may become a websocket while it drains, and is then drained as one.
func TestDrainDuringUpgrade(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling4)
	c := p.probe()
	ended := p.drained(p.engine.DrainPolling)
	p.awaitDraining(p.session)
	c.send("5")
	c.wantClose(0)
	if err := await(t, ended, "the end of DrainPolling"); err != nil {
		t.Error("DrainPolling: ", err)
	}
	p.wantClosed(p.session, ServerShutdown)
}

// A client that does not poll is gone. Its session ends soon.
func TestDrainWithoutPolls(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		begin := time.Now()
		if err := st.engine.Drain(t.Context()); err != nil {
			t.Error("Drain: ", err)
		}
		if took := time.Since(begin); took != drainPollTime {
			t.Errorf("Drain took %v, want %v", took, drainPollTime)
		}
		st.wantClosed(p.session, ServerShutdown)
	})
}

// A client that does not answer, or does not read, holds up Drain until its context
// ends, and Shutdown closes it.
func TestDrainIsBounded(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	silent := st.connect(polling3)
	_, stalled := st.stalled()
	for _, drain := range []func(context.Context) error{st.engine.DrainPolling, st.engine.Drain} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- drain(ctx) }()
		st.awaitDraining(silent.session)
		cancel()
		if err := await(t, ended, "the end of Drain"); !errors.Is(err, context.Canceled) {
			t.Errorf("Drain returned %v, want %v", err, context.Canceled)
		}
	}
	if err := st.engine.Shutdown(t.Context()); err != nil {
		t.Error("Shutdown: ", err)
	}
	for range 2 {
		if got := await(t, st.closed, "the end of a session"); got.reason != ServerShutdown {
			t.Errorf("session %s ended with %q, want %q", got.session.id, got.reason, ServerShutdown)
		}
	}
	if n := st.engine.Len(); n > 0 || stalled.Transport() != websocketTransport {
		t.Errorf("%d sessions are left", n)
	}
}

package engine

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

func TestClientLeaves(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	answered := p.pending()
	p.post("6:4hello1:16:4never")
	p.wantReceived("hello")
	p.wantAnswered(answered, "1:6")
	p.wantClosed(p.session, TransportClose)
	p.wantUnknown()
	if len(p.received) > 0 {
		t.Error("the handler received a message after the close packet: ", <-p.received)
	}
}

// A close packet over a websocket is ignored, as in the original.
func TestClosePacketOnWebSocket(t *testing.T) {
	st := newTestServer(t, Config{})
	c, s := st.join(websocket3)
	c.send("1", "5", "6", "0")
	c.ping()
	st.wantOpen(s)
}

func TestCloseWithPendingPoll(t *testing.T) {
	st := newTestServer(t, Config{})
	for query, want := range map[string]string{polling3: "1:1", polling4: "1"} {
		p := st.connect(query)
		answered := p.pending()
		p.session.Close()
		p.wantAnswered(answered, want)
		p.wantClosed(p.session, ForcedClose)
		p.wantUnknown()
	}
}

// A closing session first sends what was queued, then a close packet.
func TestCloseWithoutPoll(t *testing.T) {
	st := newTestServer(t, Config{})
	for query, want := range map[string]string{polling3: "1:61:1", polling4: "6\x1e1"} {
		p := st.connect(query)
		p.session.Close()
		p.session.Close()
		p.session.Send(Message{Data: []byte("too late")})
		p.wantPoll(want)
		p.wantClosed(p.session, ForcedClose)
		p.wantUnknown()
	}
	p := st.connect(polling3)
	p.session.Send(Message{Data: []byte("hello")})
	p.session.Close()
	p.post("6:4hello") // accepted, but not passed to the handler
	p.wantPoll("6:4hello")
	p.wantPoll("1:61:1")
	p.wantClosed(p.session, ForcedClose)
	if len(st.received) > 0 {
		t.Error("the handler received a message of a closing session: ", <-st.received)
	}
}

// Close also sends the part of the feed that no Stage has returned yet.
func TestCloseFlushes(t *testing.T) {
	st := newTestServer(t, Config{})
	log := &feedLog{}
	log.add("one", "two")
	p := st.connect(polling3)
	answered := p.pending()
	p.session.mu.Lock()
	p.session.out.feed = log.start()
	p.session.unlock()
	p.session.Close()
	p.wantAnswered(answered, "4:4one4:4two")
	p.wantPoll("1:61:1")
	p.wantClosed(p.session, ForcedClose)

	c, s := st.join(websocket3)
	s.mu.Lock()
	s.out.feed = log.start()
	s.unlock()
	s.Close()
	c.want("4one", "4two")
	c.wantClose(0)
}

// Close does not send messages that the feed gets after the call.
func TestCloseInTraffic(t *testing.T) {
	st := newTestServer(t, Config{MaxPayload: 1000})
	log := &feedLog{}
	p := st.connect(polling3)
	p.session.Attach(log.start())
	log.add("before")
	p.session.Close()
	log.add("after")
	p.wantPoll("7:4before")
	log.add("still later")
	p.wantPoll("1:61:1")
	p.wantClosed(p.session, ForcedClose)

	c, s := newTestServer(t, Config{MaxQueue: 64 << 20}).stalled()
	s.Attach(log.start())
	s.Close()
	log.add("too late")
	for c.text() != "4still later" {
	}
	c.wantClose(0)
}

func TestCloseNeverFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeServer(t, Config{CloseTimeout: 7 * time.Second}).connect(polling3)
		start := time.Now()
		p.session.Close()
		advance(6 * time.Second)
		p.wantOpen(p.session)
		advance(time.Second + time.Millisecond)
		p.wantClosed(p.session, ForcedClose)
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("the session ended after %v, want 7s", took)
		}
	})
}

func TestCloseWebSocket(t *testing.T) {
	st := newTestServer(t, Config{})
	c, s := st.join(websocket3)
	s.Send(Message{Data: []byte("hello")})
	s.Close()
	c.want("4hello")
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)
}

// The same over a connection without a descriptor, such as a pipe.
func TestCloseOverPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newPipeServer(t, Config{})
		c, s := st.join(websocket3)
		s.Send(Message{Data: []byte("hello")})
		s.Close()
		c.want("4hello")
		c.wantClose(0)
		st.wantClosed(s, ForcedClose)

		c, s = st.join(websocket3)
		c.frame(ws.NewTextFrame([]byte("4\xff")))
		c.wantClose(ws.StatusInvalidFramePayloadData)
		st.wantClosed(s, TransportError)
	})
}

func TestCloseStalledWebSocket(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.stalled()
	s.Send(Message{Data: []byte("the last")})
	s.Close()
	st.wantOpen(s)
	for c.text() != "4the last" {
	}
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)
}

func TestCloseWebSocketThatStaysStalled(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20, CloseTimeout: 50 * time.Millisecond})
	_, s := st.stalled()
	s.Close()
	st.wantClosed(s, ForcedClose)
}

// stalled opens a websocket whose client does not read, and fills its socket.
func (st *testServer) stalled() (*wsClient, *Session) {
	st.t.Helper()
	c, s := st.join(websocket3)
	for full := false; !full; {
		s.Send(Message{Data: bytes.Repeat([]byte("x"), 100_000)})
		s.mu.Lock()
		full = s.out.writer == draining && len(s.out.frames) > 0
		s.unlock()
	}
	return c, s
}

// A handler may close a session in Opened.
func TestCloseInOpened(t *testing.T) {
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onOpen = func(s *Session) {
			s.Send(Message{Data: []byte("hello")})
			s.Close()
			s.Send(Message{Data: []byte("too late")})
			flush(s)
		}
	})
	a := st.do("GET", polling3+"&b64=1", "")
	s := await(t, st.opened, "a session")
	if !bytes.HasSuffix([]byte(a.body), []byte("}6:4hello")) {
		t.Errorf("the answer to the handshake is %q", a.body)
	}
	p := &polling{st, polling3 + "&sid=" + s.id, s}
	p.wantPoll("1:61:1")
	st.wantClosed(s, ForcedClose)

	c, s := st.join(websocket3)
	c.want("4hello")
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)
}

// A message longer than the buffers of the socket is sent whole before the close.
func TestCloseInOpenedAfterLongMessage(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 20<<20)
	st := newTestServer(t, Config{MaxQueue: 64 << 20}, func(w *testHandler) {
		w.onOpen = func(s *Session) {
			s.Send(Message{Data: long})
			s.Close()
		}
	})
	c, s := st.join(websocket3)
	if got := c.text(); len(got) != 1+len(long) {
		t.Errorf("got %d bytes, want %d", len(got), 1+len(long))
	}
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)
}

func TestCloseInMessage(t *testing.T) {
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onMessage = func(s *Session, data []byte, _ bool) {
			s.Send(Message{Data: data})
			s.Close()
		}
	})
	c, s := st.join(websocket3)
	c.send("4a", "4b")
	c.want("4a")
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)

	p := st.connect(polling3)
	p.post("2:4a2:4b")
	p.wantPoll("2:4a")
	p.wantPoll("1:61:1")
	st.wantClosed(p.session, ForcedClose)
}

// Close aborts a running POST.
func TestCloseDuringPost(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	slow := p.slowPost()
	answered := p.pending()
	p.session.Close()
	p.wantAnswered(answered, "1:1")
	slow.wantEnd()
	p.wantClosed(p.session, ForcedClose)
}

// A request may reach a session that has just ended.
func TestRequestsAfterTheEnd(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	p.session.fail(TransportError)
	p.wantClosed(p.session, TransportError)
	if p.session.startPost(&post{}) {
		t.Error("startPost accepts a POST to a session that has ended")
	}
	late := p.session.startPoll()
	if a := await(t, late.answer, "the answer to a poll of a session that has ended"); string(bytes.Join(a, nil)) != "\x81\x011" {
		t.Errorf("the answer to a poll of a session that has ended is %q, want a close packet", a)
	}
	p.session.Send(Message{Data: []byte("x")})
	p.session.Attach((&feedLog{}).start())
	flush(p.session)
	p.session.Detach()
	p.session.Close()
}

package engine

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
)

// numbered returns a message whose length depends on i, so that writes end at
// different places in frames.
func numbered(what string, i int) string {
	return fmt.Sprintf("%s %d %s", what, i, strings.Repeat("x", i*7919%2000))
}

// A transcript checks that numbered messages arrive complete, in order and once.
type transcript struct{ own, shared int }

func (h *transcript) payload(t testing.TB, body string) {
	t.Helper()
	for pk, err := range packet.Payload3([]byte(body)) {
		if err != nil {
			t.Errorf("malformed payload %.80q", body)
		}
		if pk.Type == packet.Message {
			h.line(t, string(pk.Data))
		}
	}
}

func (h *transcript) line(t testing.TB, line string) {
	t.Helper()
	what, next := "own", &h.own
	if strings.HasPrefix(line, "shared") {
		what, next = "shared", &h.shared
	}
	if line != numbered(what, *next) {
		t.Errorf("got %.40q, want %s %d", line, what, *next)
		fmt.Sscanf(line, what+" %d", next)
	}
	*next++
}

// upTo reads until the given numbers of messages have arrived.
func (h *transcript) upTo(c *wsClient, own, shared int) {
	c.t.Helper()
	for h.own < own || h.shared < shared {
		h.line(c.t, strings.TrimPrefix(c.text(), "4"))
	}
	if h.own != own || h.shared != shared {
		c.t.Errorf("got %d own and %d shared messages, want %d and %d", h.own, h.shared, own, shared)
	}
}

// shrinkBuffers makes the socket buffers as small as possible.
func shrinkBuffers(c *wsClient, s *Session) {
	c.conn.(*net.TCPConn).SetReadBuffer(32 << 10)
	s.mu.Lock()
	defer s.unlock()
	s.ws.conn.(*net.TCPConn).SetWriteBuffer(32 << 10)
}

func writerOf(s *Session) writer {
	s.mu.Lock()
	defer s.unlock()
	return s.out.writer
}

// A client that stops reading for a while receives everything afterwards.
func TestFullSocket(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	log := &feedLog{}
	s.Attach(log.start())
	got, own, shared := &transcript{}, 0, 0
	for range 5 {
		for stalled := 0; stalled < 100; shared++ {
			log.add(numbered("shared", shared))
			flush(s)
			if shared%3 == 0 {
				s.Send(Message{Data: []byte(numbered("own", own))})
				own++
			}
			if writerOf(s) == draining {
				stalled++
			}
		}
		got.upTo(c, own, shared)
		eventually(t, "the socket is free again", func() bool { return writerOf(s) == idle })
	}
	c.ping()
	st.wantOpen(s)
}

// With small buffers, many messages are sent while a drain is writing.
func TestShortWrites(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	log := &feedLog{}
	s.Attach(log.start())
	const n = 3000
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range n {
			s.Send(Message{Data: []byte(numbered("own", i))})
		}
	})
	sending.Go(func() {
		for i := range n {
			log.add(numbered("shared", i))
			flush(s)
		}
	})
	sending.Go(func() {
		for range 100 {
			s.answerControl(ws.OpPing, []byte("a"))
		}
	})
	got := &transcript{}
	for pongs := 0; pongs < 100 || got.own < n || got.shared < n; {
		if f := c.next(); f.Header.OpCode == ws.OpPong {
			pongs++
		} else {
			got.line(t, strings.TrimPrefix(string(f.Payload), "4"))
		}
	}
	sending.Wait()
	s.Close()
	c.wantClose(0)
}

// Sessions that fall too far behind are closed, and the others stay open.
func TestTooSlow(t *testing.T) {
	const limit = 200_000
	st := newTestServer(t, Config{MaxLag: limit})
	log := &feedLog{}
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	p := st.connect(polling3)
	reader, healthy := st.join(websocket3)
	for _, s := range []*Session{s, p.session, healthy} {
		s.Attach(log.start())
	}
	n, ended := 0, map[*Session]int{}
	got := &transcript{}
	for ; len(ended) < 2 && n < 100_000; n++ {
		log.add(numbered("shared", n))
		for _, s := range []*Session{s, p.session, healthy} {
			flush(s)
			if _, known := ended[s]; !known && st.engine.lookup(s.id) == nil {
				ended[s] = len(log.frames)
			}
		}
		got.upTo(reader, 0, n+1)
	}
	for range 2 {
		if got := await(t, st.closed, "the end of a slow session"); got.reason != TooSlow || got.session == healthy {
			t.Errorf("session %s ended with %q, want %q", got.session.id, got.reason, TooSlow)
		}
	}
	if at := ended[p.session]; at <= limit || at > limit+3000 {
		t.Errorf("the polling session was closed at %d bytes, want just above %d", at, limit)
	}
	p.wantUnknown()
	(&transcript{}).untilEnd(c)
	reader.ping()
	st.wantOpen(healthy)
}

// untilEnd reads until the server closes the connection.
func (h *transcript) untilEnd(c *wsClient) {
	c.t.Helper()
	for {
		f, err := c.tryNext()
		if e, ok := err.(net.Error); ok && e.Timeout() {
			c.t.Error("the server did not close the connection")
		}
		if err != nil {
			return
		}
		h.line(c.t, strings.TrimPrefix(string(f.Payload), "4"))
	}
}

// Messages and pongs to one session count for MaxQueue.
func TestTooSlowQueue(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 100_000})
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	p := st.connect(polling3)
	for _, s := range []*Session{s, p.session} {
		for n := 0; st.engine.lookup(s.id) != nil && n < 10_000; n++ {
			s.Send(Message{make([]byte, 10_000), n%2 == 0})
		}
		st.wantClosed(s, TooSlow)
	}
	c, s = st.join(websocket3) // pongs count as well
	pings := bytes.Repeat(masked(ws.NewPingFrame(make([]byte, 125))), 500)
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for err := error(nil); err == nil; {
			_, err = c.conn.Write(pings)
		}
	})
	st.wantClosed(s, TooSlow)
	flooding.Wait()
}

// Many messages at once after an outage do not close a session whose client reads
// slowly.
func TestManyLinesAtOnce(t *testing.T) {
	const n = 12_000                                        // 12 MB
	st := newTestServer(t, Config{PingInterval: time.Hour}) // the clients send no pings
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	p := st.connect(polling3)
	log := &feedLog{}
	s.Attach(log.start())
	p.session.Attach(log.start())
	for i := range n {
		log.add(numbered("shared", i))
	}
	flush(s, p.session)
	if writerOf(s) != draining {
		t.Fatal("the socket accepted all messages at once, so the test shows nothing")
	}
	(&transcript{}).upTo(c, 0, n)
	for h := (&transcript{}); h.shared < n; {
		h.payload(t, p.poll().body)
	}
	st.wantOpen(s)
	st.wantOpen(p.session)
}

// A client that accepts no bytes is closed as too slow, however few are queued.
func TestStallTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newPipeServer(t, Config{PingInterval: time.Hour, StallTimeout: 40 * time.Second})
		c, s := st.join(websocket3)
		s.Send(Message{Data: []byte("hello")}, Message{Data: []byte("world")})
		advance(39 * time.Second)
		c.conn.SetReadDeadline(time.Time{})
		if _, err := c.conn.Read(make([]byte, 1)); err != nil { // one byte restarts the timeout
			t.Fatal(err)
		}
		advance(39 * time.Second)
		synctest.Wait()
		st.wantOpen(s)
		advance(3 * time.Second)
		synctest.Wait()
		st.wantClosed(s, TooSlow)
	})
}

// Polling and websocket clients share one log.
func TestManySessions(t *testing.T) {
	const n = 300
	st := newTestServer(t, Config{PingInterval: time.Hour}) // the clients send no pings
	log := &feedLog{}
	var sessions []*Session
	var reading sync.WaitGroup
	for range 30 {
		c, s := st.join(websocket3)
		sessions = append(sessions, s)
		reading.Go(func() { (&transcript{}).upTo(c, 0, n) })
	}
	for range 10 {
		p := st.connect(polling3)
		sessions = append(sessions, p.session)
		reading.Go(func() {
			for h := (&transcript{}); h.shared < n; {
				h.payload(t, p.poll().body)
			}
		})
	}
	for _, s := range sessions {
		s.Attach(log.start())
	}
	const overlap = 50 // messages that are flushed concurrently
	var flushing sync.WaitGroup
	for i := range n {
		log.add(numbered("shared", i))
		for worker := range 2 { // both flush all sessions concurrently
			flushing.Go(func() {
				var b batch
				for j := range sessions {
					b.stage(sessions[(j+worker*20)%len(sessions)])
				}
				b.send()
			})
		}
		if i%overlap == 0 {
			flushing.Wait()
		}
	}
	flushing.Wait()
	reading.Wait()
}

package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
	"tsunagu/internal/uring"
)

// numbered is a message whose length makes the ends of frames fall anywhere.
func numbered(what string, i int) string {
	return fmt.Sprintf("%s %d %s", what, i, strings.Repeat("x", i*7919%2000))
}

// A transcript checks that numbered messages come whole, in order and once.
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

// upTo reads until everything has come.
func (h *transcript) upTo(c *socketClient, own, shared int) {
	c.t.Helper()
	for h.own < own || h.shared < shared {
		h.line(c.t, strings.TrimPrefix(c.text(), "4"))
	}
	if h.own != own || h.shared != shared {
		c.t.Errorf("got %d and %d messages, want %d and %d", h.own, h.shared, own, shared)
	}
}

// small makes the buffers between client and server as small as they get.
func small(c *socketClient, s *Session) {
	c.conn.(*net.TCPConn).SetReadBuffer(32 << 10)
	s.mu.Lock()
	defer s.unlock()
	s.socket.conn.(*net.TCPConn).SetWriteBuffer(32 << 10)
}

func isStalled(s *Session) bool { return writerOf(s) == drainer }

func writerOf(s *Session) writer {
	s.mu.Lock()
	defer s.unlock()
	return s.socket.writer
}

// A client that does not read for a while gets everything when it does.
func TestFullSocket(t *testing.T) {
	bothWays(t, func(t *testing.T, newBatch func() *uring.Batch) {
		st := newStation(t, Config{MaxBacklog: 64 << 20})
		c, s := st.join(websocket3)
		small(c, s)
		batch, tape := newBatch(), &tape{}
		s.Attach(tape.start())
		got, own, shared := &transcript{}, 0, 0
		for range 5 {
			for stalled := 0; stalled < 100; shared++ {
				tape.add(numbered("shared", shared))
				flush(batch, s)
				if shared%3 == 0 {
					s.Send(Message{Data: []byte(numbered("own", own))})
					own++
				}
				if isStalled(s) {
					stalled++
				}
			}
			got.upTo(c, own, shared)
			eventually(t, "the socket is free again", func() bool { return writerOf(s) == nobody })
		}
		c.ping()
		st.wantOpen(s)
	})
}

// A stingyWire takes a few bytes at a time, or none.
type stingyWire struct{ conn net.Conn }

func (stingyWire) descriptor() int { return -1 }

func (w stingyWire) TryWrite(p []byte) (int, error) {
	return w.conn.Write(p[:min(len(p), rand.IntN(5)*rand.IntN(500))])
}

func TestShortWrites(t *testing.T) {
	st := newStation(t, Config{MaxBacklog: 64 << 20})
	c, s := st.join(websocket3)
	s.mu.Lock()
	s.socket.wire = stingyWire{s.socket.conn}
	s.unlock()
	tape := &tape{}
	s.Attach(tape.start())
	const n = 3000
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range n {
			s.Send(Message{Data: []byte(numbered("own", i))})
		}
	})
	sending.Go(func() {
		for i := range n {
			tape.add(numbered("shared", i))
			s.Flush(nil)
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

// Whoever falls too far behind is closed; the others hear nothing of it.
func TestTooSlow(t *testing.T) { bothWays(t, testTooSlow) }

func testTooSlow(t *testing.T, newBatch func() *uring.Batch) {
	const limit = 200_000
	batch := newBatch()
	st := newStation(t, Config{MaxBacklog: limit})
	tape := &tape{}
	c, s := st.join(websocket3)
	small(c, s)
	p := st.connect(polling3)
	reader, well := st.join(websocket3)
	for _, s := range []*Session{s, p.session, well} {
		s.Attach(tape.start())
	}
	n, ended := 0, map[*Session]int{}
	got := &transcript{}
	for ; len(ended) < 2 && n < 100_000; n++ {
		tape.add(numbered("shared", n))
		for _, s := range []*Session{s, p.session, well} {
			flush(batch, s)
			if _, known := ended[s]; !known && st.engine.lookup(s.id) == nil {
				ended[s] = len(tape.frames)
			}
		}
		got.upTo(reader, 0, n+1)
	}
	for range 2 {
		if got := await(t, st.closed, "the end of a slow session"); got.reason != TooSlow || got.session == well {
			t.Errorf("session %s ended with %q, want %q", got.session.id, got.reason, TooSlow)
		}
	}
	if at := ended[p.session]; at <= limit || at > limit+3000 {
		t.Errorf("the polling session was closed at %d bytes, want just above %d", at, limit)
	}
	p.wantUnknown()
	(&transcript{}).untilEnd(c)
	reader.ping()
	st.wantOpen(well)
}

// untilEnd reads to the end of a connection that was cut off.
func (h *transcript) untilEnd(c *socketClient) {
	c.t.Helper()
	for {
		f, err := c.tryNext()
		if e, ok := err.(net.Error); ok && e.Timeout() {
			c.t.Error("the server does not end the connection")
		}
		if err != nil {
			return
		}
		h.line(c.t, strings.TrimPrefix(string(f.Payload), "4"))
	}
}

// What is sent to one alone counts as well.
func TestTooSlowByHand(t *testing.T) {
	st := newStation(t, Config{MaxBacklog: 100_000})
	c, s := st.join(websocket3)
	small(c, s)
	p := st.connect(polling3)
	for _, s := range []*Session{s, p.session} {
		for n := 0; st.engine.lookup(s.id) != nil && n < 10_000; n++ {
			s.Send(Message{make([]byte, 10_000), n%2 == 0})
		}
		st.wantClosed(s, TooSlow)
	}
	c, s = st.join(websocket3) // by pings that it does not want to see answered
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

// Many clients of all kinds share one tape.
func TestManySessions(t *testing.T) { bothWays(t, testManySessions) }

func testManySessions(t *testing.T, newBatch func() *uring.Batch) {
	const n = 300
	st := newStation(t, Config{MaxBacklog: 64 << 20})
	tape := &tape{}
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
		s.Attach(tape.start())
	}
	const overlap = 50 // lines that are told at the same time
	var batches [overlap][2]*uring.Batch
	for i := range batches {
		batches[i] = [2]*uring.Batch{newBatch(), newBatch()}
	}
	var flushing sync.WaitGroup
	for i := range n {
		tape.add(numbered("shared", i))
		for worker, batch := range batches[i%overlap] { // both tell everybody, at the same time
			flushing.Go(func() {
				for j := range sessions {
					sessions[(j+worker*20)%len(sessions)].Flush(batch)
				}
				batch.Send()
			})
		}
		if i%overlap == 0 {
			flushing.Wait()
		}
	}
	flushing.Wait()
	reading.Wait()
}

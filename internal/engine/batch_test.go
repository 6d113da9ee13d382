package engine

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
)

// A batch writes staged bytes of sessions, as a worker of the fan-out does.
type batch struct {
	sessions []*Session
	fds      []int
	bytes    [][]byte
}

func (b *batch) stage(sessions ...*Session) {
	for _, s := range sessions {
		if fd, p := s.Stage(); len(p) > 0 {
			b.sessions, b.fds, b.bytes = append(b.sessions, s), append(b.fds, fd), append(b.bytes, p)
		}
	}
}

func (b *batch) send() {
	var again []*Session
	for i, s := range b.sessions {
		if s.Wrote(writeSocket(b.fds[i], b.bytes[i])) {
			again = append(again, s)
		}
	}
	*b = batch{}
	if len(again) > 0 {
		flush(again...)
	}
}

// flush writes what sessions have to send.
func flush(sessions ...*Session) {
	var b batch
	b.stage(sessions...)
	b.send()
}

// stage opens a websocket and stages the message "shared" for it in b.
func (st *testServer) stage(b *batch) (*wsClient, *Session) {
	st.t.Helper()
	c, s := st.join(websocket3)
	log := &feedLog{}
	s.Attach(log.start())
	log.add("shared")
	b.stage(s)
	if writerOf(s) != staged {
		st.t.Fatal("the session is not staged")
	}
	return c, s
}

// Packets that a session sends while bytes are staged follow the staged bytes.
func TestSendWhileStaged(t *testing.T) {
	b := &batch{}
	st := newTestServer(t, Config{})
	c, s := st.stage(b)
	s.Send(Message{Data: []byte("own")})
	s.answerControl(ws.OpPing, []byte("a"))
	b.stage(s)
	b.send()
	c.want("4shared", "4own")
	if f := c.next(); f.Header.OpCode != ws.OpPong {
		t.Errorf("got a frame with opcode %d, want the pong", f.Header.OpCode)
	}
	c.ping()
	st.wantOpen(s)
}

// While bytes are staged the queue may exceed MaxQueue.
func TestMaxQueueWhileStaged(t *testing.T) {
	b := &batch{}
	st := newTestServer(t, Config{MaxQueue: 2000})
	c, s := st.stage(b)
	for i := range 5 {
		s.Send(Message{Data: []byte(strings.Repeat(fmt.Sprint(i), 1000))})
	}
	b.send()
	c.want("4shared")
	for i := range 5 {
		c.want("4" + strings.Repeat(fmt.Sprint(i), 1000))
	}
	st.wantOpen(s)
}

func TestAttachWhileStaged(t *testing.T) {
	b := &batch{}
	st := newTestServer(t, Config{})
	c, s := st.stage(b)
	log := &feedLog{}
	log.add("a line")
	s.Attach(log.start(), Message{Data: []byte("welcome")})
	s.Close()
	b.send()
	c.want("4shared", "4welcome", "4a line")
	c.wantClose(0)
	st.wantClosed(s, ForcedClose)
}

// A write that fails in a batch ends the session.
func TestBatchWriteFails(t *testing.T) {
	b := &batch{}
	st := newTestServer(t, Config{})
	_, s := st.stage(b)
	if err := s.ws.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b.send()
	st.wantClosed(s, TransportError)
}

// A session that ends while more bytes are staged than its socket accepts sends all
// of them and the close frame.
func TestCloseWhileManyBytesStaged(t *testing.T) {
	b := &batch{}
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.join(websocket3)
	log := &feedLog{}
	s.Attach(log.start())
	long := strings.Repeat("x", 20<<20)
	log.add(long)
	b.stage(s)
	s.fail(ParseError)
	st.wantClosed(s, ParseError)
	b.send()
	if got := c.text(); got != "4"+long {
		t.Errorf("got %d bytes, want %d", len(got), 1+len(long))
	}
	c.wantClose(0)
}

func TestCloseWhileStaged(t *testing.T) {
	b := &batch{}
	for name, test := range map[string]struct {
		end  func(*Session)
		want Reason
	}{
		"in order":  {(*Session).Close, ForcedClose},
		"at once":   {func(s *Session) { s.fail(ParseError) }, ParseError},
		"with more": {func(s *Session) { s.Send(Message{Data: []byte("own")}); s.Close() }, ForcedClose},
	} {
		t.Run(name, func(t *testing.T) {
			st := newTestServer(t, Config{})
			c, s := st.stage(b)
			test.end(s)
			b.send()
			c.want("4shared")
			if name == "with more" {
				c.want("4own")
			}
			c.wantClose(0)
			st.wantClosed(s, test.want)
		})
	}
}

// A connection stays open while bytes are staged for it, however the session ends:
// after a close its descriptor could belong to another client.
func TestDescriptorStaysOpenWhileStaged(t *testing.T) {
	b := &batch{}
	for name, test := range map[string]struct {
		end  func(*wsClient, *Session)
		want Reason
	}{
		"too slow": {func(_ *wsClient, s *Session) { s.fail(TooSlow) }, TooSlow},
		"reset by the client": {func(c *wsClient, _ *Session) {
			c.conn.(*net.TCPConn).SetLinger(0)
			c.conn.Close()
		}, TransportClose},
	} {
		t.Run(name, func(t *testing.T) {
			st := newTestServer(t, Config{})
			c, s := st.stage(b)
			raw, err := s.ws.conn.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			closed := func() bool { return errors.Is(raw.Control(func(uintptr) {}), net.ErrClosed) }
			test.end(c, s)
			st.wantClosed(s, test.want)
			if closed() {
				t.Error("the connection is closed before the batch was sent")
			}
			b.send()
			eventually(t, "the connection is closed", closed)
		})
	}
}

// Two batches and the session's own writes use one socket concurrently.
func TestShortWritesOfBatches(t *testing.T) {
	const n = 2000
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	c, s := st.join(websocket3)
	shrinkBuffers(c, s)
	log := &feedLog{}
	s.Attach(log.start())
	var sending sync.WaitGroup
	for range 2 {
		sending.Go(func() {
			for range n {
				flush(s)
			}
		})
	}
	sending.Go(func() {
		for i := range n {
			log.add(numbered("shared", i))
			s.Send(Message{Data: []byte(numbered("own", i))})
		}
	})
	(&transcript{}).upTo(c, n, n)
	sending.Wait()
	c.ping()
	st.wantOpen(s)
}

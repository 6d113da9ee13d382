package engine

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"tsunagu/internal/uring"
)

// bothWays runs a test twice: with sessions that write for themselves, and with
// such as leave it to batches, which newBatch makes.
func bothWays(t *testing.T, test func(t *testing.T, newBatch func() *uring.Batch)) {
	t.Run("alone", func(t *testing.T) {
		test(t, func() *uring.Batch { return nil })
	})
	t.Run("in batches", func(t *testing.T) {
		needBatch(t)
		test(t, func() *uring.Batch { return needBatch(t) })
	})
}

func needBatch(t *testing.T) *uring.Batch {
	t.Helper()
	b, err := uring.New()
	if err != nil {
		t.Skipf("there are no batches here: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

// flush tells sessions that there is more, as a worker of the fan-out does.
func flush(b *uring.Batch, sessions ...*Session) {
	for _, s := range sessions {
		s.Flush(b)
	}
	b.Send()
}

// staged opens a websocket and leaves "shared" for it in b.
func (st *station) staged(b *uring.Batch) (*socketClient, *Session) {
	st.t.Helper()
	c, s := st.join(websocket3)
	tape := &tape{}
	s.Attach(tape.start())
	tape.add("shared")
	s.Flush(b)
	if !isStalled(s) {
		st.t.Fatal("nothing is left to the batch")
	}
	return c, s
}

// What a session sends while its socket is a batch's business comes after.
func TestSendBehindABatch(t *testing.T) {
	b := needBatch(t)
	st := newStation(t, Config{})
	c, s := st.staged(b)
	s.Send([]byte("own"), false)
	s.answerControl(ws.OpPing, []byte("a"))
	s.Flush(b)
	b.Send()
	c.want("4shared", "4own")
	if f := c.next(); f.Header.OpCode != ws.OpPong {
		t.Errorf("got a frame with opcode %d, want the pong", f.Header.OpCode)
	}
	c.ping()
	st.wantOpen(s)
}

func TestCloseBehindABatch(t *testing.T) {
	b := needBatch(t)
	for name, test := range map[string]struct {
		end  func(*Session)
		want Reason
	}{
		"in order":  {(*Session).Close, ForcedClose},
		"at once":   {func(s *Session) { s.fail(ParseError) }, ParseError},
		"with more": {func(s *Session) { s.Send([]byte("own"), false); s.Close() }, ForcedClose},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStation(t, Config{})
			c, s := st.staged(b)
			test.end(s)
			b.Send()
			c.want("4shared")
			if name == "with more" {
				c.want("4own")
			}
			c.wantClose(0)
			st.wantClosed(s, test.want)
		})
	}
}

// A connection that a batch is going to write to stays open till then, however
// its session ends: its descriptor could be another client's by that time.
func TestDescriptorOutlivesABatch(t *testing.T) {
	b := needBatch(t)
	for name, test := range map[string]struct {
		end  func(*socketClient, *Session)
		want Reason
	}{
		"too slow": {func(_ *socketClient, s *Session) {
			for range 3 {
				s.Send(make([]byte, 1000), false)
			}
		}, TooSlow},
		"gone": {func(c *socketClient, _ *Session) {
			c.conn.(*net.TCPConn).SetLinger(0)
			c.conn.Close()
		}, TransportClose},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStation(t, Config{MaxBacklog: 2000})
			c, s := st.staged(b)
			raw, err := s.socket.conn.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			closed := func() bool { return errors.Is(raw.Control(func(uintptr) {}), net.ErrClosed) }
			test.end(c, s)
			st.wantClosed(s, test.want)
			if closed() {
				t.Error("the connection is closed before the batch was sent")
			}
			b.Send()
			eventually(t, "the connection is closed", closed)
		})
	}
}

// Batches of two workers, and what sessions send by themselves, meet at the
// same sockets.
func TestShortWritesOfBatches(t *testing.T) {
	const n = 2000
	st := newStation(t, Config{MaxBacklog: 64 << 20})
	c, s := st.join(websocket3)
	small(c, s)
	tape := &tape{}
	s.Attach(tape.start())
	var sending sync.WaitGroup
	for range 2 {
		b := needBatch(t)
		sending.Go(func() {
			for range n {
				flush(b, s)
			}
		})
	}
	sending.Go(func() {
		for i := range n {
			tape.add(numbered("shared", i))
			s.Send([]byte(numbered("own", i)), false)
		}
	})
	(&transcript{}).upTo(c, n, n)
	sending.Wait()
	c.ping()
	st.wantOpen(s)
}

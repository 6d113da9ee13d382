package engine

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// heap is the memory in use without stacks, whose initial size the runtime adapts.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the content of a sync.Pool survives one collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Packets without data count for MaxQueue, too.
func TestPingsWithoutPolls(t *testing.T) {
	p := newTestServer(t, Config{MaxQueue: 3000}).connect(polling3)
	p.post(strings.Repeat("1:2", 1000)) // a pong takes three bytes
	p.wantOpen(p.session)
	p.post("1:2")
	p.wantClosed(p.session, TooSlow)
}

// A session that does not read costs at most twice what it sends.
func TestSessionsThatDoNotRead(t *testing.T) {
	const sessions, pings = 10, 50_000
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	for _, test := range []struct {
		transport string
		start     func() (s *Session, send func())
		size      int // of a ping from the client
	}{
		{"polling", func() (*Session, func()) {
			p := st.connect(polling3)
			return p.session, func() { p.post(strings.Repeat("1:2", pings)) }
		}, len("1:2")},
		{"websocket", func() (*Session, func()) {
			c, s := st.join(websocket3)
			shrinkBuffers(c, s)
			s.Send(Message{Data: make([]byte, 1<<20)})
			if writerOf(s) != draining {
				t.Fatal("the socket accepted a megabyte, so the test shows nothing")
			}
			return s, func() { c.write(bytes.Repeat(masked(ws.NewTextFrame([]byte("2"))), pings)) }
		}, len(masked(ws.NewTextFrame([]byte("2"))))},
	} {
		t.Run(test.transport, func(t *testing.T) {
			var all []*Session
			var sends []func()
			for range sessions {
				s, send := test.start()
				all, sends = append(all, s), append(sends, send)
			}
			before, total := heap(), int64(sessions*pings*test.size)
			for i, s := range all {
				sends[i]()
				eventually(t, "all pings were answered", func() bool { return queued(s) >= 3*pings })
				if n := queued(s); n > pings*test.size {
					t.Errorf("%d bytes are queued for a session that has sent %d bytes", n, pings*test.size)
				}
			}
			if grown := heap() - before; grown > 2*total {
				t.Errorf("%d sessions that have sent %d bytes hold %d bytes, want at most twice as many", sessions, total, grown)
			}
		})
	}
}

// queued is the number of bytes that wait for one session alone.
func queued(s *Session) int {
	s.mu.Lock()
	defer s.unlock()
	return len(s.out.frames)
}

// A poll that waits keeps little of its header.
func TestWaitingPolls(t *testing.T) {
	const polls = 50
	st := newTestServer(t, Config{})
	origin := "Origin: http://example.com\r\n"
	wait := func(header string) (each int64) {
		var all []*polling
		for range polls {
			all = append(all, st.connect(polling3))
		}
		before := heap()
		for _, p := range all {
			conn, err := st.dial()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			newWSClient(t, conn).write([]byte("GET /?" + p.query + " HTTP/1.1\r\nHost: test\r\n" + header + "\r\n"))
			eventually(t, "the poll waits", func() bool {
				p.session.mu.Lock()
				defer p.session.unlock()
				return p.session.poll != nil
			})
		}
		return (heap() - before) / polls
	}
	wait(origin) // the first ones fill the pools
	plain := wait(origin)
	for name, header := range map[string]string{
		"2,300 empty fields": origin + strings.Repeat("x:\r\n", 1150) + strings.Repeat("y:\r\n", 1150),
		"2,300 names":        origin + names(2300),
		"a long value":       origin + "Cookie: " + strings.Repeat("x", 16_000) + "\r\n",
		"many values":        "Accept: x\r\nCookie: " + strings.Repeat("x", 15_000) + "\r\nAccept-Encoding: gzip\r\n" + origin,
	} {
		if each := wait(header); each > plain+8000 {
			t.Errorf("%s: a poll that waits holds %d bytes, want about as many as a plain one, %d", name, each, plain)
		}
	}
}

// names returns the fields of a header, all with names of their own.
func names(n int) string {
	var header strings.Builder
	for i := range n {
		fmt.Fprintf(&header, "n%d:\r\n", i)
	}
	return header.String()
}

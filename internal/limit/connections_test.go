package limit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

const testTimeout = time.Minute

// eventually waits until cond returns true.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(testTimeout); !cond(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("timeout while waiting until ", what)
		}
	}
}

// listen returns a listener within c, and a function that connects to it.
func listen(t *testing.T, c *Connections) (l *Listener, dial func() *net.TCPConn) {
	t.Helper()
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal("no loopback port: ", err)
	}
	l = c.Listen(tcp)
	t.Cleanup(func() { l.Close() })
	return l, func() *net.TCPConn {
		t.Helper()
		conn, err := net.DialTCP("tcp", nil, tcp.Addr().(*net.TCPAddr))
		if err != nil {
			t.Fatal("dial: ", err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(testTimeout))
		return conn
	}
}

// accepting accepts all connections of a listener until the end of the test.
func accepting(t *testing.T, l *Listener) <-chan net.Conn {
	accepted := make(chan net.Conn, 1000)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return accepted
}

func receive(t *testing.T, accepted <-chan net.Conn) net.Conn {
	t.Helper()
	select {
	case c := <-accepted:
		return c
	case <-time.After(testTimeout):
		t.Fatal("no connection was accepted")
		return nil
	}
}

// wantRefused checks that the answer comes before the request and survives it.
func wantRefused(t *testing.T, c *net.TCPConn) {
	t.Helper()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal("a connection beyond the limit got no answer: ", err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 503 || !resp.Close || string(body) != refusalBody || err != nil {
		t.Errorf("got %s %q, %v, closing: %t; want 503, a body of ours and the end", resp.Status, body, err, resp.Close)
	}
}

func TestConnections(t *testing.T) {
	limit := NewConnections(3)
	l1, dial1 := listen(t, limit)
	l2, dial2 := listen(t, limit)
	accepted1, accepted2 := accepting(t, l1), accepting(t, l2)
	dial1()
	dial1()
	dial2()
	first, second := receive(t, accepted1), receive(t, accepted2)
	receive(t, accepted1)
	wantRefused(t, dial1())
	wantRefused(t, dial2())
	if l1.Open() != 2 || l2.Open() != 1 || l1.Refused() != 1 || l2.Refused() != 1 {
		t.Errorf("open %d and %d, refused %d and %d; want 2 and 1, 1 and 1", l1.Open(), l2.Open(), l1.Refused(), l2.Refused())
	}
	first.Close()
	if err := first.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close returned %v, want that it is closed", err)
	}
	dial2()
	receive(t, accepted2)
	wantRefused(t, dial1())
	second.Close()
	if l1.Open() != 1 || l2.Open() != 1 {
		t.Errorf("open %d and %d, want 1 and 1", l1.Open(), l2.Open())
	}
	eventually(t, "the refused connections are closed", func() bool { return len(limit.refusing) == 0 })
}

// However many connections come, only so many are open to be refused.
func TestRefusalsAreBounded(t *testing.T) {
	limit := NewConnections(0)
	l, dial := listen(t, limit)
	accepting(t, l)
	var all []*net.TCPConn
	for range 3 * maxRefusals {
		all = append(all, dial())
	}
	told := 0
	for _, c := range all {
		switch answer, err := io.ReadAll(c); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			t.Fatal("a refused connection is still open")
		case bytes.Equal(answer, refusal):
			told++
		case len(answer) > 0:
			t.Errorf("a refused connection got %q", answer)
		}
	}
	if told < maxRefusals || l.Refused() != int64(len(all)) {
		t.Errorf("%d connections were told so and %d counted, want at least %d and %d", told, l.Refused(), maxRefusals, len(all))
	}
	eventually(t, "all are closed", func() bool { return len(limit.refusing) == 0 })
	if limit.open.Load() != 0 {
		t.Errorf("%d connections are counted, and there are none", limit.open.Load())
	}
}

// What is accepted is a TCP connection for net/http and for the engine.
func TestConnectionsAreTCP(t *testing.T) {
	l, dial := listen(t, NewConnections(1))
	accepted := accepting(t, l)
	dial()
	c := receive(t, accepted)
	defer c.Close()
	if _, is := c.(interface {
		io.ReaderFrom
		CloseWrite() error
		syscall.Conn
	}); !is {
		t.Error("the connection lacks methods of a TCP connection")
	}
}

func TestBudget(t *testing.T) {
	for _, c := range []struct{ descriptors, nodes, connections, sessions int }{
		{1 << 20, 2, 1<<20 - 192, 1048384 - 131048},
		{1024, 2, 832, 728},
		{1024, 1, 864, 756},
		{256, 2, 128, 112},
		{16, 1, 8, 7},
		{1, 1, 1, 1},
	} {
		connections, sessions := budget(c.descriptors, c.nodes)
		if connections != c.connections || sessions != c.sessions {
			t.Errorf("%d descriptors for %d nodes are %d connections and %d sessions, want %d and %d",
				c.descriptors, c.nodes, connections, sessions, c.connections, c.sessions)
		}
	}
	if connections, sessions := FromDescriptors(1); connections < 1 || sessions < 1 || sessions > connections {
		t.Errorf("this process may have %d connections and %d sessions", connections, sessions)
	}
}

package adapter

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is a Redis that misbehaves to order. Like the real one it refuses a
// whole transaction when one of its commands was refused.
type fake struct {
	addr string
	l    net.Listener
	wg   sync.WaitGroup

	mu    sync.Mutex
	lines []string // published, in order
	conns map[net.Conn]bool
	gates map[net.Conn]chan struct{} // of connections that are not read
	// clients: CLIENT INFO and CLIENT KILL work.
	clients bool
	// smallBuffers keeps the kernel from taking more than it must.
	smallBuffers bool
	// answer, when it returns anything, replaces the answer to a command:
	// an error or disconnect or mute, both before the command runs.
	answer func(cmd []string) string
}

const (
	disconnect = "disconnect"
	mute       = "mute"
)

func newFake(t testing.TB) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: l.Addr().String(), l: l, conns: map[net.Conn]bool{}, gates: map[net.Conn]chan struct{}{}}
	f.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			if f.smallBuffers {
				c.(*net.TCPConn).SetReadBuffer(4096)
			}
			f.conns[c] = true
			f.mu.Unlock()
			f.wg.Go(func() {
				f.serve(c)
				f.mu.Lock()
				delete(f.conns, c)
				f.mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.cut()
		f.wg.Wait()
	})
	return f
}

// cut closes all connections.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// hold stops reading from the connections that there are, until release. What
// arrives meanwhile waits in the kernel.
func (f *fake) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gate := make(chan struct{})
	for c := range f.conns {
		f.gates[c] = gate
	}
	return sync.OnceFunc(func() { close(gate) })
}

// pass waits while c is held and tells whether it is still open afterwards.
func (f *fake) pass(c net.Conn) bool {
	f.mu.Lock()
	gate := f.gates[c]
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns[c]
}

// heldConn is the reading side of a connection that can be held.
type heldConn struct {
	net.Conn
	f *fake
}

func (h heldConn) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if !h.f.pass(h.Conn) {
		return 0, net.ErrClosed
	}
	return n, err
}

// open is the number of connections.
func (f *fake) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

// client is CLIENT INFO and CLIENT KILL.
func (f *fake) client(c net.Conn, cmd []string) string {
	addr := c.RemoteAddr().String()
	switch {
	case !f.clients:
		return "-ERR unknown subcommand\r\n"
	case is(cmd[1:], "info"):
		return bulk("id=1 addr=" + addr + " name=")
	case is(cmd[1:], "kill"):
		for other := range f.conns {
			if other.RemoteAddr().String() == cmd[5] {
				other.Close()
				delete(f.conns, other)
				return ":1\r\n"
			}
		}
		return ":0\r\n"
	}
	return "+OK\r\n"
}

// set changes fields.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// behave sets answer; nil behaves well.
func (f *fake) behave(answer func(cmd []string) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) published() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.lines...)
}

// session is the state of one connection.
type session struct {
	conn                     net.Conn
	subscribed, multi, dirty bool
	queued                   [][]string
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(heldConn{c, f})
	s := &session{conn: c}
	for {
		cmd, err := readCommand(r)
		if err != nil {
			return
		}
		f.mu.Lock()
		out := f.handle(s, cmd)
		f.mu.Unlock()
		if out == disconnect {
			return
		}
		if out != mute {
			io.WriteString(c, out)
		}
	}
}

func (f *fake) handle(s *session, cmd []string) string {
	if f.answer != nil {
		if a := f.answer(cmd); a != "" {
			s.dirty = s.dirty || s.multi
			return a
		}
	}
	switch name := strings.ToLower(cmd[0]); {
	case name == "client":
		return f.client(s.conn, cmd)
	case name == "multi":
		s.multi, s.dirty, s.queued = true, false, nil
		return "+OK\r\n"
	case name == "discard":
		s.multi, s.queued = false, nil
		return "+OK\r\n"
	case name == "exec" && !s.multi:
		return "-ERR EXEC without MULTI\r\n"
	case name == "exec":
		s.multi = false
		if s.dirty {
			return "-EXECABORT Transaction discarded because of previous errors.\r\n"
		}
		out := fmt.Sprintf("*%d\r\n", len(s.queued))
		for _, q := range s.queued {
			out += f.run(s, q)
		}
		return out
	case s.multi:
		s.queued = append(s.queued, cmd)
		return "+QUEUED\r\n"
	}
	return f.run(s, cmd)
}

func (f *fake) run(s *session, cmd []string) string {
	switch strings.ToLower(cmd[0]) {
	case "publish":
		f.lines = append(f.lines, cmd[2])
		return ":1\r\n"
	case "subscribe":
		s.subscribed = true
		return fmt.Sprintf("*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n", len(cmd[1]), cmd[1])
	case "ping":
		if s.subscribed {
			return "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
		}
		return "+PONG\r\n"
	case "hello":
		return "-ERR unknown command\r\n" // as before Redis 6
	default:
		return "+OK\r\n"
	}
}

func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readCount(r, '*')
	if err != nil {
		return nil, err
	}
	cmd := make([]string, n)
	for i := range cmd {
		size, err := readCount(r, '$')
		if err != nil {
			return nil, err
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		cmd[i] = string(b[:size])
	}
	return cmd, nil
}

func readCount(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("got %q", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// is tells whether cmd is one of names.
func is(cmd []string, names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(cmd[0], name) {
			return true
		}
	}
	return false
}

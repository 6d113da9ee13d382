package fanout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
	"tsunagu/internal/uring"
)

// A listener is a member without a socket that records the lines it reads.
type listener struct {
	mu       sync.Mutex
	cursor   *Cursor
	received []string
	changed  chan struct{} // buffer of one
}

func listen(f *Fanout) (*listener, Membership) {
	r := &listener{changed: make(chan struct{}, 1)}
	m := f.Join(r)
	r.mu.Lock()
	r.cursor = f.Cursor()
	r.mu.Unlock()
	return r, m
}

func (r *listener) Stage() (int, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cursor == nil {
		return -1, nil
	}
	r.received = append(r.received, lines(r.cursor)...)
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return -1, nil
}

func (r *listener) Wrote(int, error) bool { panic("nothing was staged") }
func (r *listener) Abort()                {}

// await waits until n lines were received.
func (r *listener) await(t *testing.T, n int) []string {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		r.mu.Lock()
		received := r.received
		r.mu.Unlock()
		if len(received) >= n {
			return received
		}
		select {
		case <-r.changed:
		case <-timeout:
			t.Fatalf("%d lines received after 10 seconds, want %d", len(received), n)
		}
	}
}

func TestEveryMemberReceivesEveryLineInOrder(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	const readers, total = 3*uring.Size + 7, 500
	var all []*listener
	for range readers {
		r, _ := listen(f)
		all = append(all, r)
	}
	for i := range total {
		f.Emit("chat", fmt.Append(nil, i))
	}
	for n, r := range all {
		received := r.await(t, total)
		for i, line := range received {
			if want := fmt.Sprintf(`42["chat","%d"]`, i); line != want {
				t.Fatalf("member %d received %q as line %d, want %q", n, line, i, want)
			}
		}
	}
}

func TestJoinAndLeaveWhileEmitting(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	stays, _ := listen(f)
	stop := make(chan struct{})
	var joining sync.WaitGroup
	for range 4 {
		joining.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, m := listen(f)
				m.Leave()
			}
		})
	}
	const total = 2000
	for i := range total {
		f.Emit("chat", fmt.Append(nil, i))
	}
	stays.await(t, total)
	close(stop)
	joining.Wait()
	// A new member receives the next line, whatever index it gets.
	added, _ := listen(f)
	f.Emit("chat", []byte("next"))
	if received := added.await(t, 1); received[0] != `42["chat","next"]` {
		t.Errorf("a new member received %q, want only the next line", received)
	}
}

func TestLeave(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	left, m := listen(f)
	m.Leave()
	stays, _ := listen(f)
	f.Emit("chat", []byte("x"))
	stays.await(t, 1)
	for _, w := range f.workers {
		w.mu.Lock()
		for _, r := range w.members {
			if r == Member(left) {
				t.Error("a member that has left is still in a worker's list")
			}
		}
		w.mu.Unlock()
	}
}

// A socketMember writes through a socket, as a session does.
type socketMember struct {
	mu     sync.Mutex
	cursor *Cursor
	fd     int
	staged []byte
	errs   []error
}

func (m *socketMember) Stage() (int, []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.staged == nil {
		m.staged = m.cursor.Next()
	}
	return m.fd, m.staged
}

func (m *socketMember) Abort() {}

func (m *socketMember) Wrote(n int, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.staged = m.staged[n:]; len(m.staged) == 0 {
		m.staged = nil
	}
	if err != nil {
		m.errs = append(m.errs, err)
		m.staged = nil
		return false
	}
	return m.staged != nil || m.cursor.Lag() > 0
}

// newSocketMember adds a member with one end of a connection and returns the other.
func newSocketMember(t *testing.T, f *Fanout) (*socketMember, net.Conn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fds[0]) })
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fds[1]), "client")
	defer file.Close()
	client, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	m := &socketMember{fd: fds[0], cursor: f.Cursor()}
	f.Join(m)
	return m, client
}

// All members receive all lines, across segments, with io_uring and with write(2).
// One of them has a closed connection.
func TestWritesReachEverySocket(t *testing.T) {
	for name, cfg := range map[string]Config{"io_uring, if available": {}, "write": {NoIOUring: true}} {
		t.Run(name, func(t *testing.T) {
			f := New(cfg)
			defer f.Close()
			const total = 3000
			line := bytes.Repeat([]byte("x"), 100)
			broken, client := newSocketMember(t, f)
			client.Close()
			want := packet.AppendFrame(nil, false, []byte(`42["chat","`+string(line)+`"]`))
			var reading sync.WaitGroup
			for range 20 {
				_, client := newSocketMember(t, f)
				reading.Go(func() {
					got := make([]byte, len(want))
					for i := range total {
						if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want) {
							t.Errorf("line %d: got %q, error %v", i, got, err)
							return
						}
					}
				})
			}
			for range total {
				f.Emit("chat", line)
			}
			reading.Wait()
			broken.mu.Lock()
			defer broken.mu.Unlock()
			if len(broken.errs) == 0 || !errors.Is(broken.errs[0], syscall.EPIPE) {
				t.Errorf("the errors of a member with a closed connection are %v, want %v", broken.errs, syscall.EPIPE)
			}
		})
	}
}

// A brokenBatch makes only the first write and then fails, as io_uring may.
type brokenBatch struct {
	directBatch
	closed bool
}

func (b *brokenBatch) Send(report func(i, n int, err error)) error {
	n := b.n
	b.n = min(n, 1)
	b.directBatch.Send(report)
	for i := 1; i < n; i++ {
		report(i, 0, nil)
	}
	return errors.New("broken")
}

func (b *brokenBatch) Close() { b.closed = true }

// After a failure of io_uring the worker logs it and uses write(2), and no line is
// lost.
func TestBrokenBatch(t *testing.T) {
	var log bytes.Buffer
	f := New(Config{NoIOUring: true})
	f.Close()
	w, broken := f.workers[0], &brokenBatch{}
	w.out, w.logger = broken, slog.New(slog.NewTextHandler(&log, nil))
	var clients []net.Conn
	for range 3 {
		_, client := newSocketMember(t, f)
		clients = append(clients, client)
	}
	f.Emit("chat", []byte("hello"))
	for _, w := range f.workers {
		w.round()
		w.round()
	}
	for i, client := range clients {
		got := make([]byte, len(`42["chat","hello"]`)+2)
		if _, err := io.ReadFull(client, got); err != nil || !bytes.HasSuffix(got, []byte(`"hello"]`)) {
			t.Errorf("client %d got %q, error %v", i, got, err)
		}
	}
	if !broken.closed || !strings.Contains(log.String(), "falling back to write(2)") {
		t.Errorf("the broken batch is closed: %t, want true; the log is %q", broken.closed, log.String())
	}
}

// A silentMember reads the log and writes nothing.
type silentMember struct {
	mu     sync.Mutex
	cursor *Cursor
}

func (m *silentMember) Stage() (int, []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.cursor.Next()) > 0 {
	}
	return -1, nil
}

func (m *silentMember) Wrote(int, error) bool { return false }
func (m *silentMember) Abort()                {}

func BenchmarkRound(b *testing.B) {
	l := newLog()
	w := &worker{panics: panics.New(nil), out: &directBatch{}}
	for range 1000 {
		w.add(&silentMember{cursor: l.Cursor()})
	}
	text := []byte("a line of the length that people type")
	b.ReportAllocs()
	for b.Loop() {
		l.Emit("chat", text)
		w.round()
	}
}

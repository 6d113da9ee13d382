package node

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A memoryListener accepts the connections that its dial creates. Their buffers are in memory, so that a
// bubble of synctest knows when a node waits for its clients, and its clock moves on.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	open  atomic.Int64 // connections that the server has not closed
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) dial() (net.Conn, error) {
	toServer, toClient := newMemoryBuffer(), newMemoryBuffer()
	l.open.Add(1)
	server := &memoryConn{in: toServer, out: toClient, closing: func() { l.open.Add(-1) }}
	select {
	case l.conns <- server:
		return &memoryConn{in: toClient, out: toServer, closing: func() {}}, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.IPAddr{} }

// A memoryConn is one end of a connection.
type memoryConn struct {
	in, out *memoryBuffer
	once    sync.Once
	closing func()
}

func (c *memoryConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite ends what the other side reads, as that of a TCP connection does.
func (c *memoryConn) CloseWrite() error { c.out.end(); return nil }

func (c *memoryConn) Close() error {
	c.once.Do(func() {
		c.closing()
		c.in.abandon()
		c.out.end()
	})
	return nil
}

func (c *memoryConn) LocalAddr() net.Addr  { return &net.IPAddr{} }
func (c *memoryConn) RemoteAddr() net.Addr { return &net.IPAddr{} }

func (c *memoryConn) SetReadDeadline(t time.Time) error  { c.in.reading.set(c.in, t); return nil }
func (c *memoryConn) SetWriteDeadline(t time.Time) error { c.out.writing.set(c.out, t); return nil }

func (c *memoryConn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// memoryBufferSize is how much a client can be behind before the server's writes wait.
const memoryBufferSize = 64 << 10

// A memoryBuffer is one direction of a connection.
type memoryBuffer struct {
	mu      sync.Mutex
	changed sync.Cond
	// guarded by mu
	data             []byte
	ended            bool // by the writer
	abandoned        bool // by the reader
	reading, writing memoryDeadline
}

type memoryDeadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *memoryDeadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *memoryDeadline) set(b *memoryBuffer, t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	// A timer that is due at once can crash the race detector in a bubble (Go 1.26).
	if d.at = t; !t.IsZero() && !d.passed() {
		d.timer = time.AfterFunc(time.Until(t), b.changed.Broadcast)
	}
	b.changed.Broadcast()
}

func newMemoryBuffer() *memoryBuffer {
	b := &memoryBuffer{}
	b.changed.L = &b.mu
	return b
}

func (b *memoryBuffer) read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case b.abandoned:
			return 0, net.ErrClosed
		case b.reading.passed():
			return 0, os.ErrDeadlineExceeded
		case len(b.data) > 0:
			n := copy(p, b.data)
			b.data = b.data[n:]
			b.changed.Broadcast()
			return n, nil
		case b.ended:
			return 0, io.EOF
		}
		b.changed.Wait()
	}
}

func (b *memoryBuffer) write(p []byte) (written int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(p) > 0 {
		switch {
		case b.ended:
			return written, net.ErrClosed
		case b.abandoned:
			return written, io.ErrClosedPipe
		case b.writing.passed():
			return written, os.ErrDeadlineExceeded
		}
		n := min(len(p), memoryBufferSize-len(b.data))
		if n == 0 {
			b.changed.Wait()
			continue
		}
		b.data = append(b.data, p[:n]...)
		b.changed.Broadcast()
		written, p = written+n, p[n:]
	}
	return written, nil
}

func (b *memoryBuffer) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.changed.Broadcast()
}

func (b *memoryBuffer) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.abandoned, b.data = true, nil
	b.changed.Broadcast()
}

//go:build unix

package engine

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// A rawConn reads and writes with the system calls themselves. net.Conn would
// wait for a full socket, in the goroutine that has a thousand other sessions
// to serve; and it would wait for bytes with a buffer in hand, one for each of
// the thousands of clients that say nothing.
//
// TryWrite and Read may be called at the same time, each by one goroutine.
type rawConn struct {
	conn syscall.RawConn
	fd   int
	try  func(fd uintptr) bool // bound once, to spare an allocation a write
	fill func(fd uintptr) bool

	// owned by TryWrite
	p        []byte
	written  int
	writeErr error

	// owned by Read
	buf     *readBuffer // nil while nothing is buffered
	at, end int
	readErr error
}

// A readBuffer is what a websocket reads at once.
type readBuffer [4096]byte

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// bind prepares w for a connection, or reports that it cannot be.
func (w *rawConn) bind(conn net.Conn) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil || raw.Control(func(fd uintptr) { w.fd = int(fd) }) != nil {
		return false
	}
	w.conn, w.try, w.fill = raw, w.write, w.read
	return true
}

// descriptor implements wire.
func (w *rawConn) descriptor() int { return w.fd }

// TryWrite implements wire.
func (w *rawConn) TryWrite(p []byte) (int, error) {
	w.p, w.written, w.writeErr = p, 0, nil
	err := w.conn.Write(w.try)
	w.p = nil
	if err == nil {
		err = w.writeErr
	}
	return w.written, err
}

// write returns true whatever happens: false would mean to wait.
func (w *rawConn) write(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.p)
		switch err {
		case nil:
			w.written = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN: // full
		default:
			w.writeErr = err
		}
		return true
	}
}

// Read implements io.Reader.
func (w *rawConn) Read(p []byte) (int, error) {
	if w.buf == nil {
		w.readErr = nil
		if err := w.conn.Read(w.fill); err != nil {
			return 0, err
		}
		if w.readErr != nil {
			return 0, w.readErr
		}
	}
	n := copy(p, w.buf[w.at:w.end])
	if w.at += n; w.at == w.end {
		readBuffers.Put(w.buf)
		w.buf = nil
	}
	return n, nil
}

// read takes a buffer only for as long as there may be something to put into
// it. It returns false to be called again when there is.
func (w *rawConn) read(fd uintptr) bool {
	buf := readBuffers.Get().(*readBuffer)
	n, err := syscall.Read(int(fd), buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	if err == nil && n > 0 {
		w.buf, w.at, w.end = buf, 0, n
		return true
	}
	readBuffers.Put(buf)
	if err == syscall.EAGAIN {
		return false
	}
	if err == nil {
		err = io.EOF
	}
	w.readErr = err
	return true
}

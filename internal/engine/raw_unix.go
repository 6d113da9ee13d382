//go:build unix

package engine

import (
	"bufio"
	"io"
	"net"
	"sync"
	"syscall"
)

// rawSocket returns the descriptor of a connection, -1 if it has none, and a
// reader that holds a buffer only while there is something in it: net.Conn would
// wait with a buffer in hand, one for each of the thousands of clients that say
// nothing.
func rawSocket(conn net.Conn) (fd int, in io.Reader) {
	fd = -1
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return fd, bufio.NewReader(conn)
	}
	raw, err := sc.SyscallConn()
	if err != nil || raw.Control(func(n uintptr) { fd = int(n) }) != nil {
		return -1, bufio.NewReader(conn)
	}
	r := &rawReader{conn: raw}
	r.fill = r.tryRead
	return fd, r
}

// writeSocket writes what a non-blocking socket takes at once.
func writeSocket(fd int, p []byte) (n int, err error) {
	n, err = syscall.Write(fd, p)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		err = nil // nothing was written
	}
	return max(n, 0), err
}

// A rawReader reads with the system call itself. It belongs to one goroutine.
type rawReader struct {
	conn syscall.RawConn
	fill func(fd uintptr) bool // bound once, to spare an allocation a read
	buf  *readBuffer           // nil while nothing is buffered
	at   int                   // in buf, the next byte
	end  int
	err  error
}

// A readBuffer is what a websocket reads at once.
type readBuffer [4096]byte

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// Read implements io.Reader.
func (r *rawReader) Read(p []byte) (int, error) {
	if r.buf == nil {
		r.err = nil
		if err := r.conn.Read(r.fill); err != nil {
			return 0, err
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	n := copy(p, r.buf[r.at:r.end])
	if r.at += n; r.at == r.end {
		readBuffers.Put(r.buf)
		r.buf = nil
	}
	return n, nil
}

// tryRead takes a buffer only for as long as there may be something to put into
// it. It returns false to be called again when there is.
func (r *rawReader) tryRead(fd uintptr) bool {
	buf := readBuffers.Get().(*readBuffer)
	n, err := syscall.Read(int(fd), buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf[:])
	}
	if err == nil && n > 0 {
		r.buf, r.at, r.end = buf, 0, n
		return true
	}
	readBuffers.Put(buf)
	if err == syscall.EAGAIN {
		return false
	}
	if err == nil {
		err = io.EOF
	}
	r.err = err
	return true
}

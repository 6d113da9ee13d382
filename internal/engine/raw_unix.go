//go:build unix

package engine

import (
	"bufio"
	"io"
	"net"
	"sync"
	"syscall"
)

// rawSocket returns the descriptor of a connection, or -1 if it has none, and a
// reader that holds a buffer only while the buffer has data. net.Conn would need a
// buffer for each client that waits, which most of the thousands of clients do.
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

// writeSocket writes as much as a non-blocking socket accepts at once. n may be
// less than len(p) without an error.
func writeSocket(fd int, p []byte) (n int, err error) {
	n, err = syscall.Write(fd, p)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		err = nil // nothing was written
	}
	return max(n, 0), err
}

// A rawReader reads with read(2). One goroutine may use it.
type rawReader struct {
	conn syscall.RawConn
	fill func(fd uintptr) bool // bound once, which saves an allocation per read
	buf  *readBuffer           // nil while it is empty
	at   int                   // index in buf of the next byte
	end  int
	err  error
}

// A readBuffer holds the data of one read.
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

// tryRead reads once. It holds a buffer only if there was data. The result is
// whether to stop: false makes RawConn call it again when the socket is readable.
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

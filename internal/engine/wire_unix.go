//go:build unix

package engine

import (
	"net"
	"syscall"
)

// A rawWire writes with the system call itself. net.Conn would wait for a full
// socket, in the goroutine that has a thousand other sessions to serve.
type rawWire struct {
	conn syscall.RawConn
	try  func(fd uintptr) bool // bound once, to spare an allocation a write

	// owned by TryWrite
	p   []byte
	n   int
	err error
}

func newRawWire(conn net.Conn) wire {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	w := &rawWire{conn: raw}
	w.try = w.write
	return w
}

func (w *rawWire) TryWrite(p []byte) (int, error) {
	w.p, w.n, w.err = p, 0, nil
	err := w.conn.Write(w.try)
	w.p = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// write returns true whatever happens: false would mean to wait.
func (w *rawWire) write(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.p)
		switch err {
		case nil:
			w.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN: // full
		default:
			w.err = err
		}
		return true
	}
}

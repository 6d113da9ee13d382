package web

import (
	"net"
	"syscall"
	"testing"
)

// The kernel holds little for a client that reads nothing.
func TestListen(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// The buffer is as small as the kernel allows, and so is the first window.
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1) })
	}}
	client, err := dialer.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	raw, err := server.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	taken, chunk := 0, make([]byte, 16<<10)
	if err := raw.Write(func(fd uintptr) bool {
		for taken < 8<<20 {
			n, err := syscall.Write(int(fd), chunk)
			if err != nil {
				break // EAGAIN: full
			}
			taken += n
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if most := maxUnsent + 64<<10; taken > most {
		t.Errorf("the kernel took %d bytes for a client that does not read, more than %d", taken, most)
	}
}

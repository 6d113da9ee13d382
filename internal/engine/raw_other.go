//go:build !unix

package engine

import (
	"bufio"
	"errors"
	"io"
	"net"
)

// rawSocket returns no descriptor: this system has no write that does not block.
func rawSocket(conn net.Conn) (fd int, in io.Reader) { return -1, bufio.NewReader(conn) }

func writeSocket(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

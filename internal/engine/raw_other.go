//go:build !unix

package engine

import (
	"bufio"
	"errors"
	"io"
	"net"
)

// rawSocket returns no descriptor: there is no way to write without waiting.
func rawSocket(conn net.Conn) (fd int, in io.Reader) { return -1, bufio.NewReader(conn) }

func writeSocket(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

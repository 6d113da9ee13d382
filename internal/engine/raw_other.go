//go:build !unix

package engine

import (
	"errors"
	"net"
)

// A rawConn is not to be had here: there is no way to write without waiting.
type rawConn struct{}

func (*rawConn) bind(net.Conn) bool           { return false }
func (*rawConn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (*rawConn) descriptor() int              { return -1 }
func (*rawConn) Read([]byte) (int, error)     { return 0, errors.ErrUnsupported }

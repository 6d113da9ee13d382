package packet

import "errors"

// ErrMalformed reports an Engine.IO packet or payload that the original
// answers by closing the session ("parse error").
var ErrMalformed = errors.New("malformed packet")

// The two ways in which the original treats a Socket.IO packet that it cannot
// read: it drops the packet, or it gives up on the client.
var (
	ErrIgnored = errors.New("invalid packet, ignored")
	ErrFatal   = errors.New("invalid packet, session must close")
)

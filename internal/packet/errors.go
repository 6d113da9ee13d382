package packet

import "errors"

// ErrMalformed means that an Engine.IO packet or payload is malformed. The original
// closes the session ("parse error").
var ErrMalformed = errors.New("malformed packet")

// The errors for an invalid Socket.IO packet: the original drops the packet
// (ErrIgnored), or closes the session (ErrFatal).
var (
	ErrIgnored = errors.New("invalid packet, ignored")
	ErrFatal   = errors.New("invalid packet, session must close")
)

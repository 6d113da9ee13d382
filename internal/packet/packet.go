// Package packet encodes and decodes Engine.IO and Socket.IO packets.
//
// It does no I/O. It rejects malformed input as the original servers do, so no
// other package checks syntax.
//
// Sources: the Engine.IO protocol, revisions 3 and 4, the Socket.IO protocol,
// revisions 4 and 5, and, where these say nothing, the observed behaviour of
// engine.io 3.2.1 and socket.io 2.1.1. Comments call these two "the original".
package packet

// A Type is the type of an Engine.IO packet.
type Type uint8

// The packet types of Engine.IO, the same in revisions 3 and 4.
const (
	Open Type = iota
	Close
	Ping
	Pong
	Message
	Upgrade
	Noop

	// Unknown is the type of binary and base64 packets whose type does not exist.
	// They are ignored, and are not malformed.
	Unknown Type = 0xff
)

// A Packet is one Engine.IO packet.
type Packet struct {
	Type Type
	// Binary is true if Data is binary and false if it is UTF-8 text.
	Binary bool
	// Data is the content behind the type. After decoding it may alias the input
	// buffer and is valid as long as that buffer is.
	Data []byte
}

// Package packet turns bytes into Engine.IO and Socket.IO packets and back.
//
// It does no I/O. What is malformed is refused here, in the way the original
// servers refuse it, so that no other package has to look at syntax.
//
// Sources: the Engine.IO protocol, revisions 3 and 4, the Socket.IO protocol,
// revisions 4 and 5, and, where those are silent, the behaviour of engine.io
// 3.2.1 and socket.io 2.1.1 as seen on the wire.
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

	// Unknown marks a packet that is well-formed enough to be ignored: binary
	// and base64 packets whose type does not exist.
	Unknown Type = 0xff
)

// A Packet is one Engine.IO packet.
type Packet struct {
	Type Type
	// Binary tells whether Data is binary or UTF-8 text.
	Binary bool
	// Data is what follows the type. It may alias the buffer it was decoded
	// from, so it is valid only as long as that buffer is.
	Data []byte
}

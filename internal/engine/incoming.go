package engine

import (
	"bytes"

	"tsunagu/internal/packet"
)

// receive handles one packet from the client. The packet's data lies in a buffer
// of memory bytes. The result is whether the session still accepts packets.
func (s *Session) receive(p packet.Packet, memory int) bool {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	s.waitResumed()
	live := s.heard(p)
	if live && p.Type == packet.Message {
		s.server.count.received.Add(1)
		s.server.handler.Message(s, compact(p.Data, memory), p.Binary)
	}
	return live
}

// compact returns data, or a copy if it is a small part of a buffer of memory bytes: a
// handler that keeps one byte must not keep the buffer of a megabyte. Not inlined for the
// reason given at appendBinary.
//
//go:noinline
func compact(data []byte, memory int) []byte {
	if max(memory, cap(data)) > 2*len(data)+256 {
		return bytes.Clone(data)
	}
	return data
}

// heard does what a packet means to the session itself. The result is whether the
// session still accepts packets.
func (s *Session) heard(p packet.Packet) bool {
	s.mu.Lock()
	defer s.unlock()
	if s.drainingLocked() {
		return true
	}
	if s.out.state != open {
		return false
	}
	s.heardLocked(p.Type)
	s.throttleLocked()
	switch {
	case p.Type == packet.Ping && s.revision == Revision3:
		// The original echoes the payload of a ping only while probing.
		s.sendLocked(packet.Packet{Type: packet.Pong})
	case p.Type == packet.Ping:
		// In revision 4 pings come from the server.
		if s.ws != nil {
			s.ws.err = errNoStatus // so that closeLocked sends a close frame
		}
		s.closeLocked(TransportError)
	}
	return s.out.state == open
}

// fail closes the session. The caller does not hold the lock.
func (s *Session) fail(reason Reason) {
	s.mu.Lock()
	defer s.unlock()
	s.closeLocked(reason)
}

package engine

import (
	"bytes"

	"tsunagu/internal/packet"
)

// receive handles one packet from the client, which came in a piece of memory
// of so many bytes. It reports whether the session wants more. The caller holds
// receiving.
func (s *Session) receive(p packet.Packet, memory int) bool {
	s.mu.Lock()
	if s.out.state != open {
		s.unlock()
		return false
	}
	s.heardLocked(p.Type)
	switch {
	case p.Type == packet.Ping && s.revision == Revision3:
		// A ping's payload is not echoed, except by a probe's answer.
		s.sendLocked(packet.Packet{Type: packet.Pong})
	case p.Type == packet.Ping:
		// In revision 4 pings come from the server.
		if s.ws != nil {
			s.ws.err = errNoStatus // so the client is still sent a close frame
		}
		s.closeLocked(TransportError)
	}
	live := s.out.state == open
	s.unlock()
	if live && p.Type == packet.Message {
		s.server.handler.Message(s, keepable(p.Data, memory), p.Binary)
	}
	return live
}

// keepable returns data so that keeping it does not keep much more: a handler
// that holds a byte must not hold the megabyte that it came with.
func keepable(data []byte, memory int) []byte {
	if max(memory, cap(data)) > 2*len(data)+256 {
		return bytes.Clone(data)
	}
	return data
}

// fail closes the session from outside a locked section.
func (s *Session) fail(reason Reason) {
	s.mu.Lock()
	defer s.unlock()
	s.closeLocked(reason)
}

// failOpen is fail, unless the session is about to end in order already.
func (s *Session) failOpen(reason Reason) {
	s.mu.Lock()
	defer s.unlock()
	if s.out.state == open {
		s.closeLocked(reason)
	}
}

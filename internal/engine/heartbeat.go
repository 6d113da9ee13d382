package engine

import (
	"time"

	"tsunagu/internal/packet"
)

// In revision 3 the client sends pings and the server only listens for
// silence. Revision 4 turned that round, because browsers delay the timers of
// pages in the background. One timer serves for both.

func (s *Session) pingTimeout() time.Duration {
	if s.revision == Revision4 {
		return s.server.cfg.PingTimeout4
	}
	return s.server.cfg.PingTimeout3
}

// patience is how long the timer runs when nothing is awaited.
func (s *Session) patience() time.Duration {
	if s.revision == Revision4 {
		return s.server.cfg.PingInterval
	}
	return s.server.cfg.PingInterval + s.server.cfg.PingTimeout3
}

// heardLocked notes a sign of life. In revision 3 any packet is one; in
// revision 4 only a pong puts off the next ping, but while one is awaited the
// first packet of another kind shows that the other side is there, and gives it
// the same time once more.
func (s *Session) heardLocked(t packet.Type) {
	switch {
	case s.revision == Revision3:
		s.timer.Reset(s.patience())
	case t == packet.Pong:
		s.awaiting = false
		s.timer.Reset(s.patience())
	case s.awaiting && !s.extended:
		s.extended = true
		s.timer.Reset(s.server.cfg.PingTimeout4)
	}
}

func (s *Session) onTimer() {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.state == closing:
		s.closeLocked(ForcedClose)
	case s.state != open:
	case s.revision == Revision4 && !s.awaiting:
		s.awaiting, s.extended = true, false
		s.timer.Reset(s.server.cfg.PingTimeout4)
		s.sendLocked(packet.Packet{Type: packet.Ping})
	default:
		s.closeLocked(PingTimeout)
	}
}

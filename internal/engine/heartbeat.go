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

// heartbeatTimeout is how long the other side may be silent when no pong is
// awaited: until the client's next ping is overdue, or until the server's own.
func (s *Session) heartbeatTimeout() time.Duration {
	if s.revision == Revision4 {
		return s.server.cfg.PingInterval
	}
	return s.server.cfg.PingInterval + s.server.cfg.PingTimeout3
}

// heardLocked notes a sign of life. In revision 3 any packet is one; in
// revision 4 only a pong puts off the next ping, but while one is awaited the
// first packet of another type shows that the other side is there, and gives it
// the same time once more.
func (s *Session) heardLocked(t packet.Type) {
	switch {
	case s.revision == Revision3, t == packet.Pong:
		s.awaitPong = false
		s.setDeadlineLocked(s.heartbeatTimeout())
	case s.awaitPong && !s.extended:
		s.extended = true
		s.setDeadlineLocked(s.server.cfg.PingTimeout4)
	}
}

// setDeadlineLocked moves the deadline. The timer has to run out earlier only
// where the deadline comes forward; at its old time it looks at the new one.
func (s *Session) setDeadlineLocked(d time.Duration) {
	deadline := time.Now().Add(d)
	if deadline.Before(s.deadline) {
		s.timer.Reset(d)
	}
	s.deadline = deadline
}

// onTimer may run late: while it waited for mu, a packet may have put the
// deadline off.
func (s *Session) onTimer() {
	s.mu.Lock()
	defer s.unlock()
	if s.out.state == closed {
		return
	}
	if left := time.Until(s.deadline); left > 0 {
		s.timer.Reset(left)
		return
	}
	switch {
	case s.out.state == closing:
		s.closeLocked(ForcedClose)
	case s.revision == Revision4 && !s.awaitPong:
		s.awaitPong, s.extended = true, false
		s.deadline = time.Now().Add(s.server.cfg.PingTimeout4)
		s.timer.Reset(s.server.cfg.PingTimeout4)
		s.sendLocked(packet.Packet{Type: packet.Ping})
	default:
		s.closeLocked(PingTimeout)
	}
}

package engine

import (
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// In revision 3 the client sends pings, and the server closes a session that is
// silent. In revision 4 the server sends pings, because browsers delay the timers
// of background pages. One timer serves both.

func (s *Session) pingTimeout() time.Duration {
	if s.revision == Revision4 {
		return s.server.cfg.PingTimeout4
	}
	return s.server.cfg.PingTimeout3
}

// heartbeatTimeout is the time to the next deadline while no pong is awaited: in
// revision 3 the client's next ping is overdue then, in revision 4 the server
// sends its own.
func (s *Session) heartbeatTimeout() time.Duration {
	if s.revision == Revision4 {
		return s.server.cfg.PingInterval
	}
	return s.server.cfg.PingInterval + s.server.cfg.PingTimeout3
}

// heardLocked moves the deadline when a packet of type t arrives. In revision 3
// every packet counts. In revision 4 only a pong delays the next ping. While a
// pong is awaited, the first packet of another type shows that the client is
// alive and extends the deadline once by PingTimeout4.
func (s *Session) heardLocked(t packet.Type) {
	if s.resumed != nil { // keepAliveLocked sets the deadlines
		s.awaitPong = s.awaitPong && t != packet.Pong
		return
	}
	switch {
	case s.revision == Revision3, t == packet.Pong:
		s.awaitPong = false
		s.setDeadlineLocked(s.heartbeatTimeout())
	case s.awaitPong && !s.extended:
		s.extended = true
		s.setDeadlineLocked(s.server.cfg.PingTimeout4)
	}
}

// setDeadlineLocked sets the deadline to d from now. It resets the timer only for
// an earlier deadline; otherwise onTimer finds the later deadline and waits on.
func (s *Session) setDeadlineLocked(d time.Duration) {
	deadline := time.Now().Add(d)
	if deadline.Before(s.deadline) {
		s.timer.Reset(d)
	}
	s.deadline = deadline
}

// onTimer acts on an expired deadline. It checks the deadline again because a
// packet may have moved it while onTimer waited for mu.
func (s *Session) onTimer() {
	defer s.server.cfg.Panics.Recover(panics.Timer, s.Abort)
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
		s.closeLocked(s.closeReason)
	case s.resumed != nil:
		s.keepAliveLocked()
	case s.revision == Revision4 && !s.awaitPong:
		s.awaitPong, s.extended = true, false
		s.deadline = time.Now().Add(s.server.cfg.PingTimeout4)
		s.timer.Reset(s.server.cfg.PingTimeout4)
		s.sendLocked(packet.Packet{Type: packet.Ping})
	default:
		s.closeLocked(PingTimeout)
	}
}

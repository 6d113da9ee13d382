package engine

import (
	"time"

	"tsunagu/internal/packet"
)

// A pauser is who has paused a session.
type pauser uint8

const (
	byHandler pauser = 1 << iota // Pause
	byMessage                    // PauseUntil
	byRate                       // throttleLocked
)

// Pause makes the session stop reading from its client behind the packet that is
// being handled, until Resume. The session must not take the silence for the
// client's, and the client must not take it for the server's. So no ping times out
// meanwhile. In revision 3 the client waits PingTimeout3 for the answer to its own
// ping, but any packet will do: it gets noops. In revision 4 the pings go on.
func (s *Session) Pause() { s.pause(byHandler) }

func (s *Session) pauseLocked(by pauser) {
	if s.out.state != open {
		return
	}
	if s.pausers |= by; s.resumed != nil {
		return
	}
	s.resumed, s.passing = make(chan struct{}), nil
	if s.revision == Revision3 {
		s.setDeadlineLocked(s.server.cfg.PingTimeout3 / 2)
	}
}

// Resume ends what Pause began.
func (s *Session) Resume() { s.endPause(byHandler) }

// PauseUntil is for a Handler.Message that cannot handle its message yet. It blocks until
// ready is closed, and pauses the session meanwhile, as Pause does. It also returns when
// the session ends, and does not block while the session closes. The result is whether
// the message is still to be handled, as in receive. No POST passes this pause: clients
// that upgrade again and again could get any number of messages past it.
func (s *Session) PauseUntil(ready <-chan struct{}) bool {
	for resumed := s.pause(byMessage); resumed != nil; resumed = s.pause(byMessage) {
		select {
		case <-ready:
			s.endPause(byMessage)
			return s.handles()
		case <-resumed: // the session has ended, or recheckPauseLocked was called
		}
	}
	return s.handles()
}

// pause returns a channel that is closed at the end of the pause, or nil if the session
// cannot pause.
func (s *Session) pause(by pauser) (resumed <-chan struct{}) {
	s.mu.Lock()
	defer s.unlock()
	s.pauseLocked(by)
	return s.resumed
}

// handles reports whether the session still handles messages.
func (s *Session) handles() bool {
	s.mu.Lock()
	defer s.unlock()
	return s.out.state == open || s.drainingLocked()
}

func (s *Session) endPause(by pauser) {
	s.mu.Lock()
	defer s.unlock()
	if s.pausers &^= by; s.pausers == 0 {
		s.resumeLocked()
	}
}

func (s *Session) resumeLocked() {
	if s.resumed == nil {
		return
	}
	close(s.resumed)
	s.resumed, s.passing, s.pausers = nil, nil, 0
	if s.throttle != nil && s.throttle.resume != nil {
		s.throttle.resume.Stop()
	}
	switch {
	case s.out.state != open:
	case s.revision == Revision3:
		s.setDeadlineLocked(s.heartbeatTimeout())
	case s.awaitPong: // it may have come, and can be read now
		s.setDeadlineLocked(s.server.cfg.PingTimeout4)
	}
}

// waitResumed waits while the session is paused. The caller holds receiving.
//
// One POST passes the pause when a websocket probes. A client does not upgrade, and
// stops polling, until its POST has been answered. If the POST waited, no packet would
// reach the client any more.
func (s *Session) waitResumed() {
	for {
		s.mu.Lock()
		if s.probing != nil && s.passing == nil {
			s.passing = s.post
		}
		resumed := s.resumed
		if s.passing != nil && s.passing == s.post {
			resumed = nil
		}
		s.unlock()
		if resumed == nil {
			return
		}
		<-resumed
	}
}

// recheckPauseLocked makes waitResumed look again.
func (s *Session) recheckPauseLocked() {
	if s.resumed != nil {
		close(s.resumed)
		s.resumed = make(chan struct{})
	}
}

// keepAliveLocked is the heartbeat of a paused session. A client that polls has to go on
// polling; nothing else would show that it has gone, while its POST waits.
func (s *Session) keepAliveLocked() {
	if s.ws == nil && s.poll == nil && time.Since(s.polled) > s.server.cfg.PingInterval+s.pingTimeout() {
		s.closeLocked(PingTimeout)
		return
	}
	interval, p := s.server.cfg.PingTimeout3/2, packet.Packet{Type: packet.Noop}
	if s.revision == Revision4 {
		interval, p.Type = s.server.cfg.PingInterval, packet.Ping
		s.awaitPong = true
	}
	s.deadline = time.Now().Add(interval)
	s.timer.Reset(interval)
	s.sendLocked(p)
}

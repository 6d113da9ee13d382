package engine

import (
	"errors"
	"os"
	"time"

	"tsunagu/internal/packet"
)

// enqueueLocked adds one packet to those that wait for the transport.
func (s *Session) enqueueLocked(p packet.Packet) {
	if s.ws != nil {
		s.out.frames = s.ws.appendPacket(s.out.frames, p)
	} else {
		s.out.enqueue(p)
	}
}

// sendLocked sends one packet.
func (s *Session) sendLocked(p packet.Packet) {
	if s.acceptsLocked() {
		s.enqueueLocked(p)
		s.flushLocked()
		s.checkBacklogLocked()
	}
}

// acceptsLocked tells whether packets can still be sent.
func (s *Session) acceptsLocked() bool { return s.out.accepts() && s.closeOnOpen == "" }

// flushLocked hands what waits to the transport, as far as that takes it
// without blocking, and ends a session that is closing and has handed over
// everything.
func (s *Session) flushLocked() {
	switch {
	case s.ws != nil:
		for p := s.out.stage(staged); len(p) > 0; p = s.out.stage(staged) {
			s.wroteLocked(s.ws.tryWrite(p))
		}
	case s.poll != nil && s.out.waiting():
		s.answerPollLocked(s.out.payload(s.server.cfg.MaxPayload))
	}
	ready := s.ws != nil && s.out.writer == idle || s.poll != nil
	if s.out.state == closing && ready {
		s.closeLocked(ForcedClose)
	}
}

// checkBacklogLocked closes a session whose client is too slow.
func (s *Session) checkBacklogLocked() {
	if s.out.exceeds(s.server.cfg.MaxQueue, s.server.cfg.MaxLag) {
		s.closeLocked(TooSlow)
	}
}

// Stage returns the bytes that are to be written to the session's socket next,
// and the descriptor of that socket. The caller writes them without blocking
// and then calls Wrote; until then nobody else writes, the bytes do not change,
// and the descriptor stays open. Without bytes there is nothing for the caller
// to do: nothing waits, or somebody else writes, or the session polls and has
// been served.
func (s *Session) Stage() (fd int, p []byte) {
	s.mu.Lock()
	defer s.unlock()
	if s.ws == nil || s.ws.fd < 0 {
		s.flushLocked()
	} else if p = s.out.stage(staged); len(p) > 0 {
		s.ws.writing.Add(1)
		return s.ws.fd, p
	}
	s.checkBacklogLocked()
	return -1, nil
}

// Wrote tells the session how the write of what Stage returned went: n bytes
// were written. Fewer than all of them is no error, the socket is full then.
// The result tells that there is more to stage.
func (s *Session) Wrote(n int, err error) (more bool) {
	s.mu.Lock()
	defer s.unlock()
	defer s.ws.writing.Done()
	s.wroteLocked(n, err)
	if s.out.state == open && s.out.writer == idle && len(s.out.frames) == 0 {
		// Only the feed can have more. Staged again, it goes out with the others'.
		return s.out.lag() > 0
	}
	s.flushLocked()
	s.checkBacklogLocked()
	return false
}

// wroteLocked is told how the write of staged bytes went.
func (s *Session) wroteLocked(n int, err error) {
	if err != nil {
		s.failWriteLocked(TransportError)
		return
	}
	if rest := s.out.wrote(n); len(rest) > 0 {
		s.limitStallLocked()
		s.ws.writing.Go(func() { s.drain(rest) })
	}
}

// failWriteLocked ends a session whose socket takes nothing any more. The
// client cannot be sent a close frame, so its answer is not waited for.
func (s *Session) failWriteLocked(reason Reason) {
	s.out.fail()
	s.closeLocked(reason)
	s.ws.abort()
}

// drain writes to a full socket until the client has caught up.
func (s *Session) drain(rest []byte) {
	for len(rest) > 0 {
		n, err := s.ws.conn.Write(rest)
		rest = s.drained(n, err)
	}
}

// drained returns what drain has to write next.
func (s *Session) drained(n int, err error) (rest []byte) {
	s.mu.Lock()
	defer s.unlock()
	stalled := errors.Is(err, os.ErrDeadlineExceeded) && s.out.state != closed
	switch {
	case stalled && n == 0:
		s.failWriteLocked(TooSlow)
		return nil
	case err != nil && !stalled:
		s.failWriteLocked(TransportError)
		return nil
	}
	if rest = s.out.wrote(n); len(rest) == 0 {
		rest = s.out.stage(draining)
	}
	if len(rest) > 0 {
		s.limitStallLocked()
	}
	s.flushLocked()
	return rest
}

// limitStallLocked gives the client some time to take a part of what a drain
// is about to write. The closing handshake has a deadline of its own.
func (s *Session) limitStallLocked() {
	if s.out.state != closed {
		s.ws.conn.SetWriteDeadline(time.Now().Add(s.server.cfg.StallTimeout))
	}
}

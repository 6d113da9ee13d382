package engine

import (
	"errors"
	"os"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

func (s *Session) enqueueLocked(p packet.Packet) {
	if s.ws != nil && p.Binary {
		s.out.frames = s.ws.appendBinary(s.out.frames, p)
		return
	}
	s.out.frames = packet.AppendPacketFrame(s.out.frames, p)
}

// sendLocked sends one packet.
func (s *Session) sendLocked(p packet.Packet) {
	if s.acceptsLocked() {
		s.enqueueLocked(p)
		s.flushLocked()
		s.checkBacklogLocked()
	}
}

func (s *Session) acceptsLocked() bool { return s.out.accepts() && s.closeOnOpen == "" }

// flushLocked sends as much of the queue as the transport accepts without
// blocking. It ends a closing session that has sent everything.
func (s *Session) flushLocked() {
	switch {
	case s.ws != nil:
		for p := s.out.stage(staged); len(p) > 0; p = s.out.stage(staged) {
			n, err := s.ws.tryWrite(p)
			s.server.count.bytesOut.Add(int64(n))
			s.wroteLocked(n, err)
		}
	case s.poll != nil && s.out.waiting():
		if room := s.answerRoomLocked(); room > 0 {
			s.answerFramesLocked(s.out.payload(room))
		}
	}
	ready := s.ws != nil && s.out.writer == idle || s.poll != nil && !s.out.waiting()
	switch {
	case s.out.state != closing || !ready || s.awaitsPostLocked():
	case s.ws != nil && s.closeReason == ServerShutdown:
		s.sendCloseLocked()
	default:
		s.closeLocked(s.closeReason)
	}
}

// checkBacklogLocked closes a session whose client is too slow.
func (s *Session) checkBacklogLocked() {
	if s.out.exceeds(s.server.cfg.MaxQueue, s.server.cfg.MaxLag) {
		s.closeLocked(TooSlow)
	}
}

// Stage returns the descriptor of the session's socket and the bytes to write to
// it next. The caller writes them without blocking and then calls Wrote. Until
// then there is no other writer, the bytes do not change, and the descriptor stays
// open. Without bytes the caller has nothing to do and must not call Wrote: there
// is nothing to send, or another writer is active, or Stage has answered a poll.
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

// Wrote reports the write of the bytes from Stage: n bytes were written. If n is
// less than all without an error, the socket is full. The result is whether the
// caller should call Stage again.
func (s *Session) Wrote(n int, err error) (more bool) {
	s.mu.Lock()
	defer s.unlock()
	defer s.ws.writing.Done()
	s.wroteLocked(n, err)
	if s.out.state == open && s.out.writer == idle && len(s.out.frames) == 0 {
		// Only the feed can have more. The caller can write it in its next batch.
		return s.out.lag() > 0
	}
	s.flushLocked()
	s.checkBacklogLocked()
	return false
}

// wroteLocked records the result of a write of staged bytes.
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

// failWriteLocked ends a session whose socket accepts no bytes. It aborts the
// connection, as a close frame would not arrive.
func (s *Session) failWriteLocked(reason Reason) {
	s.out.fail()
	s.closeLocked(reason)
	s.ws.abort()
}

// drain writes to a full socket until there is nothing left to write.
func (s *Session) drain(rest []byte) {
	defer s.server.cfg.Panics.Recover(panics.Write, s.Abort)
	for len(rest) > 0 {
		n, err := s.ws.conn.Write(rest)
		s.server.count.bytesOut.Add(int64(n))
		rest = s.drained(n, err)
	}
}

// drained records a write of drain and returns what drain writes next.
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

// limitStallLocked sets the deadline of drain's next write. After the end of the
// session the deadline of the closing handshake applies.
func (s *Session) limitStallLocked() {
	if s.out.state != closed && !s.closeSent {
		s.ws.conn.SetWriteDeadline(time.Now().Add(s.server.cfg.StallTimeout))
	}
}

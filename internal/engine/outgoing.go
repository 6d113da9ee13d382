package engine

import (
	"tsunagu/internal/packet"
	"tsunagu/internal/uring"
)

// packetCost is what keeping one packet costs beside its bytes: a client that
// pings and never polls would have millions of them for a few megabytes.
const packetCost = 64

// takesLocked tells whether packets can still be sent.
func (s *Session) takesLocked() bool {
	return (s.state == opening || s.state == open) && s.doomed == ""
}

// sendLocked queues one packet and offers what waits to the transport.
func (s *Session) sendLocked(p packet.Packet) {
	if !s.takesLocked() {
		return
	}
	s.enqueueLocked(p)
	s.flushLocked()
	s.checkBacklogLocked()
}

func (s *Session) enqueueLocked(p packet.Packet) {
	if s.socket != nil {
		s.frames = s.socket.appendPacket(s.frames, p)
		return
	}
	s.queue = append(s.queue, p)
	s.queued += packetCost + len(p.Data)
}

// flushLocked moves what waits to the transport, and stops where that would
// block.
func (s *Session) flushLocked() {
	switch {
	case s.state != open && s.state != closing:
	case s.socket != nil:
		s.flushSocketLocked()
	case s.poll != nil && s.waitingLocked():
		s.releaseLocked(s.takeLocked())
	}
}

// checkBacklogLocked closes a session that has more waiting than it may. Every
// byte counted here is one that this client alone keeps in memory. What waits
// behind a batch has not been offered to the socket yet: Wrote checks then.
func (s *Session) checkBacklogLocked() {
	if s.socket != nil && s.socket.writer == inBatch {
		return
	}
	n := s.queued + len(s.frames)
	if s.feed != nil {
		n += s.feed.Lag()
	}
	if n > s.server.cfg.MaxBacklog && s.state != opening {
		s.closeLocked(TooSlow)
	}
}

func (s *Session) waitingLocked() bool {
	return len(s.queue) > 0 || s.feed != nil && s.feed.Lag() > 0
}

// takeLocked returns the packets for one poll: the session's own and then the
// shared ones. It stops at MaxPayload; the rest waits for the next poll.
func (s *Session) takeLocked() []packet.Packet {
	ps := s.queue
	n := s.queued
	s.queue, s.queued = nil, 0
	for s.feed != nil && n < s.server.cfg.MaxPayload {
		frames := s.feed.Next()
		if len(frames) == 0 {
			break
		}
		n += len(frames)
		for len(frames) > 0 {
			var text []byte
			text, frames = packet.NextFrame(frames)
			ps = append(ps, packet.Packet{Type: packet.Message, Data: text[1:]})
		}
	}
	return ps
}

// releaseLocked answers the pending poll.
func (s *Session) releaseLocked(ps []packet.Packet) {
	s.poll.answer <- ps // buffered, and sent to once
	s.poll = nil
}

// flushSocketLocked writes until the socket is full or nothing waits.
func (s *Session) flushSocketLocked() {
	for s.socket.writer == nobody {
		chunk := s.nextChunkLocked()
		if len(chunk) == 0 {
			return
		}
		n, err := s.socket.wire.TryWrite(chunk)
		if err != nil {
			s.closeLocked(TransportError)
			return
		}
		if n < len(chunk) {
			s.startDrainLocked(chunk[n:])
		}
	}
}

// nextChunkLocked takes the bytes that are to be written next: whole frames,
// the session's own before the shared ones.
func (s *Session) nextChunkLocked() []byte {
	if own := s.frames; len(own) > 0 {
		s.frames = nil
		return own
	}
	if s.feed == nil {
		return nil
	}
	return s.feed.Next()
}

// stageLocked leaves what waits to b, or reports that it cannot. Until b has
// written nobody else may.
func (s *Session) stageLocked(b *uring.Batch) bool {
	sock := s.socket
	if b.Full() || sock == nil || sock.writer != nobody || s.state != open && s.state != closing {
		return false
	}
	fd := sock.wire.descriptor()
	if fd < 0 {
		return false
	}
	if chunk := s.nextChunkLocked(); len(chunk) > 0 {
		sock.writer = inBatch
		sock.writing.Add(1)
		b.Add(fd, chunk, (*staged)(s))
	}
	return true
}

// staged is a Session some of whose bytes are in a batch.
type staged Session

// Wrote implements uring.Writer.
func (g *staged) Wrote(p []byte, n int, err error) {
	s := (*Session)(g)
	s.mu.Lock()
	defer s.unlock()
	sock := s.socket
	defer sock.writing.Done()
	switch {
	case err != nil:
		s.closeLocked(TransportError)
		sock.conn.SetDeadline(past) // nor need it wait for the client's leave
	case n < len(p):
		s.startDrainLocked(p[n:])
	case s.state == closed:
		sock.sayFarewell()
	default:
		sock.writer = nobody
		s.flushLocked()
		s.endIfDoneLocked()
	}
	if sock.writer == drainer {
		s.checkBacklogLocked()
	}
}

// startDrainLocked gives a full socket the goroutine that waits for it.
func (s *Session) startDrainLocked(rest []byte) {
	sock := s.socket
	sock.writer = drainer
	sock.writing.Go(func() { s.drain(sock, rest) })
}

// drain writes for a socket that is full, until it has caught up. Nobody else
// writes to it in that time.
func (s *Session) drain(sock *socket, rest []byte) {
	for len(rest) > 0 {
		_, err := sock.conn.Write(rest)
		rest = s.drained(sock, err)
	}
}

// drained tells what is to be written after a write.
func (s *Session) drained(sock *socket, err error) (rest []byte) {
	s.mu.Lock()
	defer s.unlock()
	if err != nil {
		s.closeLocked(TransportError)
		return nil
	}
	if s.state == closed {
		rest, sock.farewell = sock.farewell, nil
		return rest
	}
	if rest = s.nextChunkLocked(); len(rest) > 0 {
		return rest
	}
	sock.writer = nobody
	s.endIfDoneLocked()
	return nil
}

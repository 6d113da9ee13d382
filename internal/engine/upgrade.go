package engine

import (
	"errors"
	"os"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// noopInterval is how often a pending poll is answered with a noop while a
// websocket probes, as in the original. One noop is not enough: if it arrives
// before the answer to the probe, the client polls once more and waits for that
// poll.
const noopInterval = 100 * time.Millisecond

// startProbe starts the upgrade of a polling session to a websocket.
func (s *Session) startProbe(c *wsConn) {
	s.mu.Lock()
	defer s.unlock()
	if s.out.state != open && s.out.state != closing || s.ws != nil || s.probing != nil {
		s.server.reject(c)
		return
	}
	s.probing = c
	s.recheckPauseLocked()
	c.conn.SetDeadline(time.Now().Add(s.server.cfg.UpgradeTimeout))
	s.startReader(c, func() { s.probe(c) })
}

// probe reads a probing websocket until the client upgrades or the probe fails.
// After the upgrade it becomes the reader.
func (s *Session) probe(c *wsConn) {
	for {
		data, binary, err := c.readMessage(func(op ws.OpCode, payload []byte) {
			if op == ws.OpPing {
				c.conn.Write(ws.MustCompileFrame(ws.NewPongFrame(payload)))
			}
		})
		if err != nil {
			s.server.count.refuseTooLarge(err)
			s.failProbe(c, err)
			return
		}
		p, err := decoder(c.revision, binary)(data)
		switch {
		case err == nil && p.Type == packet.Ping && !p.Binary && string(p.Data) == "probe":
			p.Type = packet.Pong
			c.conn.Write(c.appendPacket(nil, p))
			s.startNoops(c)
		case err == nil && p.Type == packet.Upgrade && s.upgrade(c):
			s.server.cfg.Logger.Debug("session upgraded to websocket", "sid", s.id)
			s.readWebSocket(c)
			return
		default:
			s.failProbe(c, nil)
			return
		}
	}
}

// startNoops answers pending polls until the probe ends, so that the client can
// stop polling.
func (s *Session) startNoops(c *wsConn) {
	s.mu.Lock()
	defer s.unlock()
	if s.probing == c && s.noops == nil {
		s.noops = time.AfterFunc(noopInterval, func() { s.sendNoop(c) })
	}
}

func (s *Session) sendNoop(c *wsConn) {
	defer s.server.cfg.Panics.Recover(panics.Timer, s.Abort)
	s.mu.Lock()
	defer s.unlock()
	if s.probing != c {
		return
	}
	if s.poll != nil {
		s.answerPollLocked(packet.Noop)
	}
	s.noops.Reset(noopInterval)
}

func (s *Session) endProbeLocked() {
	s.probing = nil
	if s.noops != nil {
		s.noops.Stop()
		s.noops = nil
	}
}

// failProbe closes a probing websocket. The session continues with polling.
func (s *Session) failProbe(c *wsConn, err error) {
	s.mu.Lock()
	if s.probing == c {
		s.endProbeLocked()
	}
	s.unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // our own deadline, not a protocol error
	}
	c.reject(err)
}

// upgrade makes a probing websocket the session's transport. It returns false if
// the probe or the session has ended.
func (s *Session) upgrade(c *wsConn) bool {
	s.mu.Lock()
	defer s.unlock()
	if s.probing != c || s.out.state == closed {
		return false
	}
	s.endProbeLocked()
	c.conn.SetDeadline(time.Time{})
	if s.poll != nil {
		s.answerPollLocked(packet.Close)
	}
	s.abortPostLocked()
	s.ws = c
	s.server.count.upgrade(s)
	s.server.noteChange()
	queued := s.out.frames
	s.out.frames = nil
	for p := range packet.FramedPackets(queued) {
		s.out.frames = c.appendPacket(s.out.frames, p)
	}
	if s.out.state == open {
		s.heardLocked(packet.Upgrade)
	}
	s.flushLocked()
	return true
}

package engine

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
)

// serveWebSocket answers the handshake of a websocket, which either carries a
// new session or probes for one that polls.
func (srv *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, q query, s *Session) {
	if !acceptable(r) {
		errWebSocket.writeUpgrade(w)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	conn.SetDeadline(time.Time{}) // net/http may have left one
	if _, err := conn.Write(switching(r)); err != nil {
		conn.Close()
		return
	}
	if s != nil {
		q.revision = s.revision
	}
	sock := srv.newSocket(conn, rw.Reader, q)
	switch {
	case q.transport != websocketTransport:
		srv.dismiss(sock)
	case s != nil:
		s.startProbe(sock)
	default:
		srv.handshakeWebSocket(r, q, sock)
	}
}

// handshakeWebSocket begins a session on a websocket.
func (srv *Server) handshakeWebSocket(r *http.Request, q query, sock *socket) {
	s := srv.newSession(r, q, sock)
	if s == nil {
		srv.dismiss(sock)
		return
	}
	srv.handler.Opened(s)
	srv.running.Go(func() {
		s.open() // here, as once the session has ended nobody may begin to run
		s.readSocket(sock)
	})
}

// readSocket is the reader of a session's websocket, to its end.
func (s *Session) readSocket(sock *socket) {
	for {
		data, binary, err := sock.readMessage(s.answerControl)
		if err != nil {
			s.endSocket(sock, err)
			sock.leave(err)
			return
		}
		p, err := sock.decode(data, binary)
		if err != nil {
			s.fail(ParseError)
			continue // the client still has to answer the close frame
		}
		s.receiving.Lock()
		s.receive(p, cap(data))
		s.receiving.Unlock()
	}
}

// answerControl answers the websocket's own pings (RFC 6455, section 5.5.2).
// They are no sign of life to Engine.IO, which has its own.
func (s *Session) answerControl(op ws.OpCode, payload []byte) {
	if op != ws.OpPing {
		return
	}
	s.mu.Lock()
	defer s.unlock()
	if s.state == open || s.state == closing {
		s.frames = append(s.frames, 0x80|byte(ws.OpPong), byte(len(payload)))
		s.frames = append(s.frames, payload...)
		s.flushLocked()
		s.checkBacklogLocked()
	}
}

// endSocket closes the session when its reader has ended.
func (s *Session) endSocket(sock *socket, err error) {
	s.mu.Lock()
	defer s.unlock()
	if s.state == closed {
		return
	}
	sock.err = err
	reason := TransportClose
	if c := (*closeError)(nil); errors.As(err, &c) && !c.byClient {
		reason = TransportError
	}
	s.closeLocked(reason)
}

// noopInterval is how often a poll that is pending while a websocket probes is
// answered with a noop, as in the original. Once would not do: when the noop
// reaches the client before the probe's answer does, the client sends one more
// poll and then waits for that.
const noopInterval = 100 * time.Millisecond

// startProbe lets a websocket try to take over from polling.
func (s *Session) startProbe(sock *socket) {
	s.mu.Lock()
	defer s.unlock()
	if s.state != open && s.state != closing || s.socket != nil || s.probing != nil {
		s.server.dismiss(sock)
		return
	}
	s.probing = sock
	sock.conn.SetDeadline(time.Now().Add(s.server.cfg.UpgradeTimeout))
	s.server.running.Go(func() { s.probe(sock) })
}

// probe reads a probing websocket until the client upgrades or gives up. It
// then becomes the reader.
func (s *Session) probe(sock *socket) {
	for {
		data, binary, err := sock.readMessage(func(op ws.OpCode, payload []byte) {
			if op == ws.OpPing {
				sock.conn.Write(ws.MustCompileFrame(ws.NewPongFrame(payload)))
			}
		})
		if err != nil {
			s.giveUpProbe(sock, err)
			return
		}
		p, err := sock.decode(data, binary)
		switch {
		case err == nil && p.Type == packet.Ping && !p.Binary && string(p.Data) == "probe":
			p.Type = packet.Pong
			sock.conn.Write(sock.appendPacket(nil, p))
			s.hurryPoll(sock, true)
		case err == nil && p.Type == packet.Upgrade && s.upgrade(sock):
			s.readSocket(sock)
			return
		default:
			s.giveUpProbe(sock, nil)
			return
		}
	}
}

// hurryPoll answers a pending poll, so that the client can leave polling, and
// does so again and again until the probe has ended. The first call only sets
// the clock.
func (s *Session) hurryPoll(sock *socket, first bool) {
	s.mu.Lock()
	defer s.unlock()
	if s.probing != sock {
		return
	}
	if !first && s.poll != nil {
		s.releaseLocked([]packet.Packet{{Type: packet.Noop}})
	}
	if s.hurry == nil {
		s.hurry = time.AfterFunc(noopInterval, func() { s.hurryPoll(sock, false) })
	} else {
		s.hurry.Reset(noopInterval)
	}
}

// endProbeLocked forgets the probing websocket.
func (s *Session) endProbeLocked() {
	s.probing = nil
	if s.hurry != nil {
		s.hurry.Stop()
		s.hurry = nil
	}
}

// giveUpProbe leaves the session to polling.
func (s *Session) giveUpProbe(sock *socket, err error) {
	s.mu.Lock()
	if s.probing == sock {
		s.endProbeLocked()
	}
	s.unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // ours, not the client's
	}
	sock.dismiss(err)
}

// upgrade makes a probing websocket the session's transport.
func (s *Session) upgrade(sock *socket) bool {
	s.mu.Lock()
	defer s.unlock()
	if s.probing != sock || s.state == closed {
		return false
	}
	s.endProbeLocked()
	sock.conn.SetDeadline(time.Time{})
	if s.poll != nil {
		s.releaseLocked([]packet.Packet{{Type: packet.Close}})
	}
	s.abortPostLocked()
	s.socket = sock
	for _, p := range s.queue {
		s.frames = sock.appendPacket(s.frames, p)
	}
	s.queue, s.queued = nil, 0
	if s.state == open {
		s.heardLocked(packet.Upgrade)
	}
	s.flushLocked()
	s.endIfDoneLocked()
	return true
}

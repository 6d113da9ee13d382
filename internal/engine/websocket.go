package engine

import (
	"errors"
	"net/http"
	"time"

	"github.com/gobwas/ws"
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
	c := srv.newWSConn(conn, rw.Reader, q)
	switch {
	case q.transport != websocketTransport:
		srv.reject(c)
	case s != nil:
		s.startProbe(c)
	default:
		srv.handshakeWebSocket(r, q, c)
	}
}

// handshakeWebSocket begins a session on a websocket.
func (srv *Server) handshakeWebSocket(r *http.Request, q query, c *wsConn) {
	s := srv.newSession(r, q, c)
	if s == nil {
		srv.reject(c)
		return
	}
	srv.handler.Opened(s)
	srv.running.Go(func() {
		s.open() // here, as once the session has ended no goroutine may be started
		s.readWebSocket(c)
	})
}

// readWebSocket is the reader of a session's websocket, to its end.
func (s *Session) readWebSocket(c *wsConn) {
	for {
		data, binary, err := c.readMessage(s.answerControl)
		if err != nil {
			s.endWebSocket(c, err)
			c.finishClose(err)
			return
		}
		p, err := c.decode(data, binary)
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
	if s.out.state == open || s.out.state == closing {
		s.out.frames = append(s.out.frames, 0x80|byte(ws.OpPong), byte(len(payload)))
		s.out.frames = append(s.out.frames, payload...)
		s.flushLocked()
		s.checkBacklogLocked()
	}
}

// endWebSocket closes the session when its reader has ended with err.
func (s *Session) endWebSocket(c *wsConn, err error) {
	s.mu.Lock()
	defer s.unlock()
	if s.out.state == closed {
		return
	}
	c.err = err
	reason := TransportClose
	if e := (*closeError)(nil); errors.As(err, &e) && !e.byClient {
		reason = TransportError
	}
	s.closeLocked(reason)
}

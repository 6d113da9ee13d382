package engine

import (
	"errors"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/panics"
)

// serveWebSocket answers a websocket handshake. The websocket carries a new
// session or probes for the polling session s.
func (srv *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, q query, s *Session) {
	if !acceptable(r) {
		srv.answerError(w, r, errWebSocket, true)
		return
	}
	if s == nil && q.transport == websocketTransport {
		srv.handshakeWebSocket(w, r, q)
		return
	}
	if s != nil {
		q.revision = s.revision
	}
	c := srv.switchProtocols(w, r, q)
	if c == nil {
		return
	}
	defer srv.cfg.Panics.Recover(panics.Request, func() { c.conn.Close() })
	if q.transport != websocketTransport {
		srv.reject(c)
		return
	}
	s.startProbe(c)
}

// switchProtocols makes a websocket of the connection of a request. It returns nil
// if the connection has failed.
func (srv *Server) switchProtocols(w http.ResponseWriter, r *http.Request, q query) *wsConn {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	conn.SetDeadline(time.Time{}) // net/http may have set one
	if _, err := conn.Write(switching(r)); err != nil {
		conn.Close()
		return nil
	}
	return srv.newWSConn(conn, rw.Reader, q)
}

func (srv *Server) handshakeWebSocket(w http.ResponseWriter, r *http.Request, q query) {
	from, admitted := srv.admit(w, r, true)
	if !admitted {
		return
	}
	c := srv.switchProtocols(w, r, q)
	if c == nil {
		srv.cfg.Admission.Release(from)
		return
	}
	defer srv.cfg.Panics.Recover(panics.Request, func() { c.conn.Close() })
	s := srv.newSession(r, q, c, from)
	if s == nil {
		srv.reject(c)
		return
	}
	srv.opened(s, r, websocketTransport)
	s.startReader(c, func() {
		s.open() // not before running.Go: Shutdown may stop waiting once the session has ended
		s.readWebSocket(c)
	})
}

// readWebSocket reads a session's websocket until the connection ends.
func (s *Session) readWebSocket(c *wsConn) {
	for {
		data, binary, err := c.readMessage(s.answerControl)
		if err != nil {
			s.server.count.refuseTooLarge(err)
			s.endWebSocket(c, err)
			c.finishClose(err)
			return
		}
		s.server.count.bytesIn.Add(int64(len(data)))
		p, err := decoder(c.revision, binary)(data)
		if err != nil {
			s.fail(ParseError)
			continue // wait for the client's close frame
		}
		s.receive(p, cap(data))
	}
}

// answerControl answers websocket pings (RFC 6455, section 5.5.2). They do not
// move the heartbeat's deadline: Engine.IO has its own pings.
func (s *Session) answerControl(op ws.OpCode, payload []byte) {
	if op != ws.OpPing {
		return
	}
	s.mu.Lock()
	defer s.unlock()
	if s.out.state == open || s.out.state == closing && !s.closeSent {
		s.out.frames = append(s.out.frames, 0x80|byte(ws.OpPong), byte(len(payload)))
		s.out.frames = append(s.out.frames, payload...)
		s.flushLocked()
		s.checkBacklogLocked()
	}
}

// endWebSocket closes the session after its reader has failed with err.
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
	if s.drainingLocked() {
		reason = ServerShutdown
	}
	s.closeLocked(reason)
}

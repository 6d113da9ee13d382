package engine

import (
	"io"
	"net/http"

	"tsunagu/internal/panics"
)

// Every goroutine of a session begins with a deferred Recover of Config.Panics, whose
// cleanup is one of the functions of this file. The locks of a session are released
// by deferred calls, so that a panic below them holds up nobody.

// Abort ends the session at once and drops what is queued. It is for a caller that has
// recovered a panic in the session's code or feed.
func (s *Session) Abort() {
	s.mu.Lock()
	defer s.unlock()
	s.out.feed = nil
	s.closeLocked(InternalError)
	if s.ws != nil {
		s.ws.abort()
	}
}

// abortRequest ends the session and the connection of a request.
func (s *Session) abortRequest() {
	defer panic(http.ErrAbortHandler)
	s.Abort()
}

// startReader starts the goroutine that reads c, which carries the session or probes
// for it.
func (s *Session) startReader(c *wsConn, read func()) {
	s.server.running.Go(func() {
		defer s.server.cfg.Panics.Recover(panics.WebSocket, func() {
			defer c.finishClose(io.EOF)
			s.Abort()
		})
		read()
	})
}

package engine

import (
	"context"
	"time"
)

// A session that drains sends what it has to send and then tells its client to go, by
// the end of the connection and not by a packet of Socket.IO, after which clients would
// not connect again. What the client sent before it knew is still handled: over a
// websocket everything in front of its close frame, over polling what is in the POST
// that is under way.

// drainPollTime is how long a client has to fetch its last messages, and the end of
// the session, with polls.
const drainPollTime = 2 * time.Second

// DrainPolling drains the sessions over polling. It waits until no such session is
// left, or until ctx ends and returns its error. Clients need to connect for their
// next poll, so the listener should still be open. New sessions are accepted.
func (srv *Server) DrainPolling(ctx context.Context) error {
	for _, s := range srv.all() {
		s.beginDrain(pollingTransport)
	}
	return srv.await(ctx, func() int { return srv.count.polling() })
}

// Drain refuses new sessions and drains all that there are. It waits until none is
// left, or until ctx ends and returns its error; Shutdown then closes the others.
func (srv *Server) Drain(ctx context.Context) error {
	srv.stop()
	for _, s := range srv.all() {
		s.beginDrain(s.Transport())
	}
	return srv.await(ctx, srv.Len)
}

// await waits until count returns 0.
func (srv *Server) await(ctx context.Context, count func() int) error {
	for count() > 0 {
		select {
		case <-srv.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// noteChange wakes await.
func (srv *Server) noteChange() {
	select {
	case srv.changed <- struct{}{}:
	default:
	}
}

// beginDrain begins to drain the session if it uses this transport.
func (s *Session) beginDrain(transport string) {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.transportLocked() != transport:
	case s.out.state == open:
		s.beginCloseLocked(ServerShutdown)
		if s.out.state == closing && s.ws == nil {
			s.setDeadlineLocked(drainPollTime)
		}
	case s.out.state == opening:
		s.closeOnOpen = ServerShutdown
	}
}

func (s *Session) drainingLocked() bool {
	return s.out.state == closing && s.closeReason == ServerShutdown
}

// awaitsPostLocked reports whether the session ends only after a POST, which would be
// lost with it.
func (s *Session) awaitsPostLocked() bool {
	return s.ws == nil && s.post != nil && s.drainingLocked()
}

// sendCloseLocked sends the close frame of a session that has nothing else to send. The
// session ends with the client's close frame.
func (s *Session) sendCloseLocked() {
	if s.closeSent {
		return
	}
	s.closeSent = true
	s.out.closeFrame = s.ws.startClose(ServerShutdown)
	s.flushLocked()
}

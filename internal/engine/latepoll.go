package engine

import (
	"time"

	"tsunagu/internal/packet"
)

// latePollTime is how long a POST that has ended its session waits for the poll
// that its client may have sent at the same moment.
const latePollTime = 100 * time.Millisecond

// A latePoll is what a poll is told that comes when a POST has just ended the
// session. A client that sends both at once cannot know which is read first, and
// the original answers such a poll as one that was pending. To a client that has
// read the answer to its POST, which comes later, the session is unknown.
type latePoll struct {
	answer packet.Type
	came   chan struct{} // closed when the poll has come
}

// closeByPost ends the session because of what a POST has brought, and answers the
// pending poll. Without one the server remembers the session for latePollTime. A
// payload that cannot be read changes nothing where the session is about to end.
func (s *Session) closeByPost(reason Reason, answer packet.Type) {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.out.state == closed || s.out.state == closing && reason == ParseError:
		return
	case s.poll != nil:
		s.answerPollLocked(answer)
	default:
		s.late = &latePoll{answer, make(chan struct{})}
	}
	s.closeLocked(reason)
}

// awaitLatePoll waits for the late poll, if the POST that calls it has ended the
// session without one.
func (s *Session) awaitLatePoll() {
	s.mu.Lock()
	late := s.late
	s.unlock()
	if late == nil {
		return
	}
	timeout := time.NewTimer(latePollTime)
	defer timeout.Stop()
	select {
	case <-late.came:
	case <-timeout.C:
	}
	s.server.takeLate(s.id)
}

// takeLate returns a session that waits for its late poll, and forgets it.
func (srv *Server) takeLate(id string) *Session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	s := srv.late[id]
	delete(srv.late, id)
	return s
}

package engine

import (
	"fmt"
	"net/http"
	"strings"
)

// A Revision is a revision of the Engine.IO protocol. Clients send it as the query
// parameter EIO.
type Revision int

// The revisions that clients use: Socket.IO 1.x and 2.x use 3, 3.x and 4.x use 4.
const (
	Revision3 Revision = 3
	Revision4 Revision = 4
)

// clients returns the versions of the Socket.IO clients that use a revision.
func (v Revision) clients() string {
	switch v {
	case Revision3:
		return "1.x and 2.x (EIO=3)"
	case Revision4:
		return "3.x and 4.x (EIO=4)"
	}
	return fmt.Sprintf("unknown (EIO=%d)", int(v))
}

// refuse returns the error for a client whose revision is not served. To a user
// this looks like a server that is down, so the error and, once for each revision,
// the log explain the reason.
func (srv *Server) refuse(seen Revision, r *http.Request) *protocolError {
	var names []string
	for _, v := range srv.cfg.Revisions {
		names = append(names, v.clients())
	}
	served := strings.Join(names, ", ")
	if srv.firstRefusal(seen) {
		srv.cfg.Logger.Warn("client refused: Socket.IO version not served",
			"remote", r.RemoteAddr, "client", seen.clients(), "served", served,
			"change", "the Socket.IO client that the page loads, or the flag -clients of this server")
	}
	if seen != Revision3 && seen != Revision4 {
		return errRevision
	}
	return &protocolError{errRevision.Code, errRevision.Message +
		": this server is for Socket.IO clients " + served + ", this client is one of " + seen.clients(), errRevision.reason, errRevision.status}
}

// firstRefusal reports whether a revision is refused for the first time. It
// remembers at most 16 revisions and reports false for others, because a client
// can send any number.
func (srv *Server) firstRefusal(v Revision) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.refused[v] || len(srv.refused) == 16 {
		return false
	}
	srv.refused[v] = true
	return true
}

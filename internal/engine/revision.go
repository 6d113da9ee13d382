package engine

import (
	"fmt"
	"net/http"
	"strings"
)

// A Revision is a revision of the Engine.IO protocol, as clients announce it
// with the query parameter EIO.
type Revision int

// The revisions that exist in the wild. Socket.IO clients 1.x and 2.x speak
// the third, 3.x and 4.x the fourth.
const (
	Revision3 Revision = 3
	Revision4 Revision = 4
)

// clients names the Socket.IO clients that speak a revision.
func (v Revision) clients() string {
	switch v {
	case Revision3:
		return "1.x and 2.x (EIO=3)"
	case Revision4:
		return "3.x and 4.x (EIO=4)"
	}
	return fmt.Sprintf("unknown (EIO=%d)", int(v))
}

// refuse is the answer to a client whose revision is not served. To most
// people it looks like a server that is down, so both sides are told in words:
// the client in the answer, the operator in the log, once for each revision.
func (srv *Server) refuse(seen Revision, r *http.Request) *protocolError {
	var names []string
	for _, v := range srv.cfg.Revisions {
		names = append(names, v.clients())
	}
	served := strings.Join(names, ", ")
	if srv.firstRefusal(seen) {
		srv.cfg.Logger.Warn("client refused: its version of Socket.IO is not served here",
			"remote", r.RemoteAddr, "client", seen.clients(), "served", served,
			"change", "the client that the page loads, or the versions that this server is told to serve")
	}
	if seen != Revision3 && seen != Revision4 {
		return errRevision
	}
	return &protocolError{errRevision.Code, errRevision.Message +
		": this server is for Socket.IO clients " + served + ", this client is one of " + seen.clients()}
}

// firstRefusal tells whether a revision is refused for the first time. A
// stranger can make up any number, so only a few are remembered, and no more
// are new.
func (srv *Server) firstRefusal(v Revision) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.told[v] || len(srv.told) == 16 {
		return false
	}
	srv.told[v] = true
	return true
}

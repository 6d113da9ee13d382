package engine

import (
	"context"
	"net/http"
	"slices"
	"sync"
)

const (
	pollingTransport   = "polling"
	websocketTransport = "websocket"
)

// A Server holds the sessions of one node. It is an http.Handler for every
// path below the Engine.IO path.
type Server struct {
	// static after construction
	cfg     Config
	handler Handler

	// running counts sessions, until the handler knows that they are closed,
	// and the goroutines that outlive their request.
	running sync.WaitGroup

	mu sync.Mutex
	// guarded by mu
	sessions map[string]*Session
	stopped  bool
	told     map[Revision]bool // refusals that have been logged
}

// New returns a server that tells h what happens.
func New(cfg Config, h Handler) *Server {
	return &Server{
		cfg:      cfg.withDefaults(),
		handler:  h,
		sessions: make(map[string]*Session),
		told:     make(map[Revision]bool),
	}
}

// Len is the number of sessions.
func (srv *Server) Len() int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.sessions)
}

// Shutdown refuses new sessions, closes those there are and waits for their
// goroutines, or for ctx. Each of them ends by itself within seconds.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.mu.Lock()
	srv.stopped = true
	all := make([]*Session, 0, len(srv.sessions))
	for _, s := range srv.sessions {
		all = append(all, s)
	}
	srv.mu.Unlock()
	for _, s := range all {
		s.fail(ServerShutdown)
	}
	done := make(chan struct{})
	go func() {
		srv.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ServeHTTP answers handshakes, polls, posts and websocket upgrades.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r.URL.RawQuery)
	upgrade := isUpgrade(r)
	s, refusal := srv.verify(q, r, upgrade)
	switch {
	case refusal != nil && upgrade:
		refusal.writeUpgrade(w)
	case refusal != nil:
		refusal.write(w, r)
	case upgrade:
		srv.serveWebSocket(w, r, q, s)
	case q.transport == websocketTransport:
		errBadRequest.write(w, r) // a websocket without an upgrade
	case s != nil:
		s.servePolling(w, r)
	default:
		srv.handshakePolling(w, r, q)
	}
}

// verify finds the session that a request is for, nil for a handshake, or says
// why it cannot be served. The order of the checks is the original's.
func (srv *Server) verify(q query, r *http.Request, upgrade bool) (*Session, *protocolError) {
	if q.transport != pollingTransport && q.transport != websocketTransport {
		return nil, errTransportUnknown
	}
	if q.sid != "" {
		s := srv.lookup(q.sid)
		if s == nil {
			return nil, errSessionUnknown
		}
		if !upgrade && s.Transport() != q.transport {
			return nil, errBadRequest
		}
		if s.revision == Revision4 && q.revision != Revision4 {
			return nil, errBadRequest // 2.1.1 does not look at EIO here, 4.x does
		}
		return s, nil
	}
	if r.Method != http.MethodGet {
		return nil, errHandshakeMethod
	}
	if !slices.Contains(srv.cfg.Revisions, q.revision) {
		return nil, srv.refuse(q.revision, r)
	}
	return nil, nil
}

func (srv *Server) lookup(id string) *Session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.sessions[id]
}

// newSession begins a session and registers it; nil when the server is
// stopping. The session is complete before it is registered, as Shutdown may
// find it from then on. It has no websocket when it polls.
func (srv *Server) newSession(r *http.Request, q query, c *wsConn) *Session {
	s := &Session{
		server:   srv,
		id:       newID(),
		revision: q.revision,
		jsonp:    q.jsonp,
		base64:   q.base64,
		request:  packRequest(r),
		ws:       c,
	}
	s.enqueueLocked(s.openPacket())
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stopped {
		return nil
	}
	srv.sessions[s.id] = s
	srv.running.Add(1)
	return s
}

// reject ends a websocket that belongs to no session.
func (srv *Server) reject(c *wsConn) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stopped { // no goroutine may be started any more
		c.conn.Close()
		return
	}
	srv.running.Go(func() { c.reject(nil) })
}

func (srv *Server) remove(s *Session, reason Reason) {
	srv.mu.Lock()
	delete(srv.sessions, s.id)
	srv.mu.Unlock()
	srv.cfg.Logger.Debug("session closed", "sid", s.id, "reason", string(reason))
}

// handshakePolling begins a session whose first poll is the handshake itself.
func (srv *Server) handshakePolling(w http.ResponseWriter, r *http.Request, q query) {
	s := srv.newSession(r, q, nil)
	if s == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	srv.handler.Opened(s)
	s.open()
	s.servePoll(w, r)
}

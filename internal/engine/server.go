package engine

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"tsunagu/internal/panics"
)

const (
	pollingTransport   = "polling"
	websocketTransport = "websocket"
)

// A Server holds the sessions of one node. It is the http.Handler for the
// Engine.IO path. All methods may be called concurrently.
type Server struct {
	// static after construction
	cfg     Config
	handler Handler
	count   *counters

	// running counts sessions until Handler.Closed has returned, and the
	// goroutines that outlive their request.
	running sync.WaitGroup
	changed chan struct{} // of one: a session has ended or has upgraded

	mu sync.Mutex
	// guarded by mu
	sessions map[string]*Session
	late     map[string]*Session // ended, and waiting for a late poll
	stopped  bool
	refused  map[Revision]bool // refusals that were logged
}

// New returns a server that reports events to h.
func New(cfg Config, h Handler) *Server {
	return &Server{
		cfg:      cfg.withDefaults(),
		handler:  h,
		count:    newCounters(),
		changed:  make(chan struct{}, 1),
		sessions: make(map[string]*Session),
		late:     make(map[string]*Session),
		refused:  make(map[Revision]bool),
	}
}

// Len returns the number of sessions that have not ended.
func (srv *Server) Len() int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.sessions)
}

// Shutdown refuses new sessions, closes all sessions and waits for their
// goroutines, which end within seconds. If ctx ends first, Shutdown returns its
// error.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.stop()
	for _, s := range srv.all() {
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

// stop makes the server refuse new sessions.
func (srv *Server) stop() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.stopped = true
}

// all returns the sessions that have not ended.
func (srv *Server) all() []*Session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return slices.Collect(maps.Values(srv.sessions))
}

// ServeHTTP answers handshakes, polls, posts and websocket upgrades.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r.URL.RawQuery)
	upgrade := isUpgrade(r)
	s, refusal := srv.verify(q, r, upgrade)
	switch {
	case refusal != nil:
		srv.answerError(w, r, refusal, upgrade)
	case upgrade:
		srv.serveWebSocket(w, r, q, s)
	case q.transport == websocketTransport:
		srv.answerError(w, r, errBadRequest, false) // a plain request that names the websocket transport
	case s != nil:
		s.servePolling(w, r)
	default:
		srv.handshakePolling(w, r, q)
	}
}

// answerError refuses a request, which may be a websocket handshake.
func (srv *Server) answerError(w http.ResponseWriter, r *http.Request, e *protocolError, upgrade bool) {
	srv.count.refuse(e.reason)
	if upgrade {
		e.writeUpgrade(w)
	} else {
		e.write(w, r)
	}
}

// verify returns the session of a request, nil for a handshake, or the error to
// answer with. The order of the checks is that of the original,
// but for the origin, which the original checks in handshakes only.
func (srv *Server) verify(q query, r *http.Request, upgrade bool) (*Session, *protocolError) {
	if !srv.cfg.Origins.allow(r, q.jsonp != "") {
		return nil, errForbidden
	}
	if q.transport != pollingTransport && q.transport != websocketTransport {
		return nil, errTransportUnknown
	}
	if q.sid != "" {
		s := srv.lookup(q.sid)
		if s == nil && r.Method == http.MethodGet && !upgrade {
			s = srv.takeLate(q.sid)
		}
		if s == nil {
			return nil, errSessionUnknown
		}
		if !upgrade && s.Transport() != q.transport {
			return nil, errBadRequest
		}
		if s.revision == Revision4 && q.revision != Revision4 {
			return nil, errBadRequest // 4.x checks EIO here, 2.1.1 does not
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

// newSession creates and registers a session; c is nil for a polling session. It
// returns nil when the server is stopping. The session is complete before it is
// registered because Shutdown may close it from then on.
func (srv *Server) newSession(r *http.Request, q query, c *wsConn, from netip.Addr) *Session {
	s := &Session{
		server:   srv,
		id:       newID(),
		revision: q.revision,
		jsonp:    q.jsonp,
		base64:   q.base64,
		request:  packRequest(r),
		ws:       c,
		from:     from,
		throttle: newThrottle(srv.cfg),
	}
	s.enqueueLocked(s.openPacket())
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stopped {
		srv.count.refuse(RefusedShutdown)
		srv.cfg.Admission.Release(from)
		return nil
	}
	srv.sessions[s.id] = s
	srv.running.Add(1)
	srv.count.open(s)
	return s
}

// opened tells the log and the handler of a new session. If the handler panics the
// session ends when it opens.
func (srv *Server) opened(s *Session, r *http.Request, transport string) {
	defer srv.cfg.Panics.Recover(panics.Handler, func() { s.fail(InternalError) })
	srv.cfg.Logger.Debug("session opened", "sid", s.id, "eio", int(s.revision), "transport", transport, "remote", r.RemoteAddr)
	srv.handler.Opened(s)
}

// reject closes a websocket that has no session.
func (srv *Server) reject(c *wsConn) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stopped { // Shutdown may be waiting, so start no goroutine
		c.conn.Close()
		return
	}
	srv.running.Go(func() {
		defer srv.cfg.Panics.Recover(panics.WebSocket, nil)
		c.reject(nil)
	})
}

func (srv *Server) remove(s *Session, transport string, reason Reason, late bool) {
	srv.mu.Lock()
	delete(srv.sessions, s.id)
	if late {
		srv.late[s.id] = s
	}
	srv.mu.Unlock()
	srv.cfg.Admission.Release(s.from)
	srv.count.close(s, transport, reason)
	srv.noteChange()
	srv.cfg.Logger.Debug("session closed", "sid", s.id, "reason", string(reason))
}

// handshakePolling creates a polling session. The handshake is also its first poll.
func (srv *Server) handshakePolling(w http.ResponseWriter, r *http.Request, q query) {
	from, admitted := srv.admit(w, r, false)
	if !admitted {
		return
	}
	s := srv.newSession(r, q, nil, from)
	if s == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer srv.cfg.Panics.Recover(panics.Request, s.abortRequest)
	srv.opened(s, r, pollingTransport)
	s.open()
	s.servePoll(w, r)
}

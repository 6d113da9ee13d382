package bridge

import (
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	socketio "github.com/googollee/go-socket.io"
	"github.com/googollee/go-socket.io/engineio"
	"github.com/googollee/go-socket.io/engineio/transport"

	"tsunagu/internal/engine"
)

// errInternal is all that a client learns of a panic.
var errInternal = errors.New("internal server error")

// An Audience is told who is in which namespace, so that it can send to many
// at once. It is told once when a session comes and once when it goes; its
// methods must not block.
type Audience interface {
	// Join returns the feed that the session reads in the namespace, nil for none.
	Join(namespace string, s *engine.Session) engine.Feed
	Leave(namespace string, s *engine.Session)
}

// Config holds what a Server can be told. The zero value of each field stands
// for its default.
type Config struct {
	// Audience is told who is there. Default: nobody is.
	Audience Audience
	// ConnectTimeout is how long a client of protocol 5 may take until it
	// connects to a namespace. Default 45 s.
	ConnectTimeout time.Duration
	// MaxAttachments is how many bytes of binary one packet may bring in all;
	// a client that sends more is closed. Default 4 MiB.
	MaxAttachments int
	// Logger gets panics of handlers, and at debug level what is dropped.
	// Default: none.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 45 * time.Second
	}
	if c.MaxAttachments == 0 {
		c.MaxAttachments = 4 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Audience == nil {
		c.Audience = nobody{}
	}
	return c
}

type nobody struct{}

func (nobody) Join(string, *engine.Session) engine.Feed { return nil }
func (nobody) Leave(string, *engine.Session)            {}

// A Server is the engine.Handler that speaks Socket.IO with every session and
// lends it to go-socket.io where a handler wants it.
type Server struct {
	// static after construction
	cfg    Config
	io     *socketio.Server
	lender *lender

	// static once sessions are opened
	namespaces map[string]*namespace

	dropped atomic.Int64
	loans   sync.WaitGroup // sessions on loan
	serving sync.WaitGroup // go-socket.io's accept loop

	mu sync.Mutex
	// guarded by mu
	lent map[string]*peer // sessions on loan, by id
}

// New returns a server with the namespace "/" and no handlers.
func New(cfg Config) *Server {
	l := &lender{}
	s := &Server{
		cfg:        cfg.withDefaults(),
		lender:     l,
		namespaces: make(map[string]*namespace),
		lent:       make(map[string]*peer),
		io: socketio.NewServer(&engineio.Options{
			Transports:         []transport.Transport{l},
			SessionIDGenerator: l,
		}),
	}
	s.namespace("/")
	s.serving.Go(func() { s.io.Serve() }) // ends with io.EOF after Close
	return s
}

// Close ends go-socket.io. All sessions must have been closed before, as
// go-socket.io closes a channel that it would send new ones on.
func (s *Server) Close() {
	s.loans.Wait()
	s.io.Close()
	s.serving.Wait()
}

// Dropped is how many events were dropped because their arguments did not fit
// the handler, or could not be read.
func (s *Server) Dropped() int64 { return s.dropped.Load() }

func (s *Server) drop(p *peer, why string) {
	n := s.dropped.Add(1)
	s.cfg.Logger.Debug("packet dropped", "why", why, "sid", p.session.ID(), "dropped", n)
}

func (s *Server) peer(id string) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lent[id]
}

// Auth returns what the client sent with its CONNECT to the connection's
// namespace: in protocol 5 a JSON object, the client's auth option, or nil.
// Protocol 4 has no such thing; its clients put a query into the URL, which
// Conn.URL returns.
func (s *Server) Auth(c socketio.Conn) json.RawMessage {
	p := s.peer(c.ID())
	if p == nil {
		return nil
	}
	name := c.Namespace()
	if name == "" { // so go-socket.io calls the first one, the second time
		name = "/"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if sp := p.spaceLocked(name); sp != nil {
		return sp.auth
	}
	return nil
}

// Opened implements engine.Handler.
func (s *Server) Opened(es *engine.Session) {
	p := &peer{server: s, session: es}
	es.Value = p
	if es.Revision() == engine.Revision3 {
		// The first namespace is connected without being asked for.
		es.Send(engine.Message{Data: p.welcome("/")})
		p.connect("/", nil)
		return
	}
	p.impatience = time.AfterFunc(s.cfg.ConnectTimeout, p.giveUp)
}

// Message implements engine.Handler.
func (s *Server) Message(es *engine.Session, data []byte, binary bool) {
	p := es.Value.(*peer)
	if binary {
		p.receiveBinary(data)
		return
	}
	p.receiveText(data)
}

// Closed implements engine.Handler.
func (s *Server) Closed(es *engine.Session, reason engine.Reason) {
	es.Value.(*peer).end(reason)
}

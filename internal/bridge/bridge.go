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

// errInternal is the answer to a CONNECT whose OnConnect panics.
var errInternal = errors.New("internal server error")

// An Audience knows the sessions in each namespace, so that it can send to many of
// them at once. Its methods must not block.
type Audience interface {
	// Join is called once when a session has connected to a namespace. It
	// returns the feed that the session reads there, nil for none.
	Join(namespace string, s *engine.Session) engine.Feed
	// Leave is called once when the session has left the namespace or has ended.
	Leave(namespace string, s *engine.Session)
}

// Config holds the settings of a Server. The zero value of each field stands for
// its default.
type Config struct {
	// Audience learns the sessions in each namespace. Default: none.
	Audience Audience
	// ConnectTimeout is the time within which a client of protocol 5 has to
	// connect to a namespace. Default 45 s.
	ConnectTimeout time.Duration
	// MaxAttachments bounds the attachments of one packet, in bytes in all; the
	// server closes a client that sends more. Default 4 MiB.
	MaxAttachments int
	// Logger gets panics of handlers, and at debug level each dropped packet.
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
		c.Audience = noAudience{}
	}
	return c
}

type noAudience struct{}

func (noAudience) Join(string, *engine.Session) engine.Feed { return nil }
func (noAudience) Leave(string, *engine.Session)            {}

// A Server is the engine.Handler that speaks Socket.IO with every session and
// attaches it to go-socket.io when a handler needs it.
type Server struct {
	// static after construction
	cfg         Config
	io          *socketio.Server
	ioTransport *ioTransport

	// static once sessions are opened
	namespaces map[string]*namespace

	dropped atomic.Int64
	ioConns sync.WaitGroup // connections of go-socket.io
	serving sync.WaitGroup // go-socket.io's accept loop

	mu sync.Mutex
	// guarded by mu
	attached map[string]*client // clients with a connection of go-socket.io, by session id
}

// New returns a server with the namespace "/" and no handlers.
func New(cfg Config) *Server {
	l := &ioTransport{}
	s := &Server{
		cfg:         cfg.withDefaults(),
		ioTransport: l,
		namespaces:  make(map[string]*namespace),
		attached:    make(map[string]*client),
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
	s.ioConns.Wait()
	s.io.Close()
	s.serving.Wait()
}

// Dropped is the number of events dropped because their arguments did not fit the
// handler, or were malformed.
func (s *Server) Dropped() int64 { return s.dropped.Load() }

func (s *Server) drop(cl *client, why string) {
	n := s.dropped.Add(1)
	s.cfg.Logger.Debug("packet dropped", "why", why, "sid", cl.session.ID(), "dropped", n)
}

func (s *Server) client(id string) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached[id]
}

// Auth returns what the client sent with its CONNECT to the connection's
// namespace: in protocol 5 a JSON object, the client's auth option, or nil.
// Protocol 4 has no such thing; its clients put a query into the URL, which
// Conn.URL returns.
func (s *Server) Auth(c socketio.Conn) json.RawMessage {
	cl := s.client(c.ID())
	if cl == nil {
		return nil
	}
	name := c.Namespace()
	if name == "" { // go-socket.io's other name of the first namespace
		name = "/"
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if sock := cl.socketLocked(name); sock != nil {
		return sock.auth
	}
	return nil
}

// Opened implements engine.Handler.
func (s *Server) Opened(es *engine.Session) {
	cl := &client{server: s, session: es}
	es.Value = cl
	if es.Revision() == engine.Revision3 {
		// Protocol 4 connects the first namespace without a CONNECT.
		es.Send(engine.Message{Data: cl.connectAnswer("/")})
		cl.connect("/", nil)
		return
	}
	cl.connectTimer = time.AfterFunc(s.cfg.ConnectTimeout, cl.onConnectTimeout)
}

// Message implements engine.Handler.
func (s *Server) Message(es *engine.Session, data []byte, binary bool) {
	cl := es.Value.(*client)
	if binary {
		cl.receiveBinary(data)
		return
	}
	cl.receiveText(data)
}

// Closed implements engine.Handler.
func (s *Server) Closed(es *engine.Session, reason engine.Reason) {
	es.Value.(*client).end(reason)
}

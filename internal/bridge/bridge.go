package bridge

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	socketio "github.com/googollee/go-socket.io"
	"github.com/googollee/go-socket.io/engineio"
	"github.com/googollee/go-socket.io/engineio/transport"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

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
	// MaxAttachments is how many attachments a packet may have. The server closes a
	// client that announces more. Default 10, as in socket.io-parser since 4.2.6.
	MaxAttachments int
	// MaxAttachmentBytes bounds the attachments of one packet, in bytes in all; the
	// server closes a client that sends more. Default 4 MiB.
	MaxAttachmentBytes int
	// MaxQueue bounds the events of one client that wait for a handler, in bytes.
	// Beyond it the server reads nothing from the client, and keeps the connection
	// alive, until half of them have been handled. Default 1 MiB.
	MaxQueue int
	// MaxTotalQueue bounds such events of all clients together, in bytes, those that
	// are being handled and those of sessions that have ended included. Beyond it the
	// server reads no more events until some have been handled, and closes sessions
	// that would need an OnConnect. Default 64 MiB.
	MaxTotalQueue int
	// Panics gets the panics of handlers and timers. Default: nobody is told.
	Panics *panics.Recorder
	// Logger gets acks that cannot be encoded, a warning, at most once a minute, when
	// MaxTotalQueue is reached, and at debug level each dropped packet.
	// Default: none.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 45*time.Second)
	c.MaxAttachments = cmp.Or(c.MaxAttachments, 10)
	c.MaxAttachmentBytes = cmp.Or(c.MaxAttachmentBytes, 4<<20)
	c.MaxQueue = cmp.Or(c.MaxQueue, 1<<20)
	c.MaxTotalQueue = cmp.Or(c.MaxTotalQueue, 64<<20)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Audience == nil {
		c.Audience = noAudience{}
	}
	return c
}

type noAudience struct{}

func (noAudience) Join(string, *engine.Session) engine.Feed { return nil }
func (noAudience) Leave(string, *engine.Session)            {}

// A Server is the engine.Handler that speaks Socket.IO with every session. It
// attaches a session to go-socket.io when a handler has to be called.
type Server struct {
	// static after construction
	cfg Config
	io  *socketio.Server

	// static once sessions are opened
	namespaces map[string]*namespace

	budget  budget
	ioConns sync.WaitGroup // connections of go-socket.io
	serving sync.WaitGroup // go-socket.io's accept loop
}

// New returns a server with the namespace "/" and no handlers.
func New(cfg Config) *Server {
	s := &Server{
		cfg:        cfg.withDefaults(),
		namespaces: make(map[string]*namespace),
		io:         socketio.NewServer(&engineio.Options{Transports: []transport.Transport{ioTransport{}}}),
	}
	s.budget.max, s.budget.logger = int64(s.cfg.MaxTotalQueue), s.cfg.Logger
	s.Namespace("/")
	s.serving.Go(func() { s.io.Serve() }) // ends with io.EOF after Close
	return s
}

// Stats are the figures of a Server at one moment.
type Stats struct {
	QueuedBytes    int64 // of events that wait for handlers or are being handled
	PausedSessions int64 // sessions whose events wait for room below Config.MaxTotalQueue
}

// Stats returns the figures of the server.
func (s *Server) Stats() Stats {
	return Stats{QueuedBytes: s.budget.bytes.Load(), PausedSessions: s.budget.waiting.Load()}
}

// Wait waits for the handlers of sessions that have ended, or until ctx ends and
// returns its error. It may be called again.
func (s *Server) Wait(ctx context.Context) error {
	handled := make(chan struct{})
	go func() { // it ends with the last handler
		defer close(handled)
		s.ioConns.Wait()
	}()
	select {
	case <-handled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close waits for the handlers that still run and ends go-socket.io. All sessions
// must have been closed before: for a new one go-socket.io would send on a channel
// that it has closed.
func (s *Server) Close() {
	s.ioConns.Wait()
	s.io.Close()
	s.serving.Wait()
}

// Opened implements engine.Handler.
func (s *Server) Opened(es *engine.Session) {
	cl := &client{server: s, session: es}
	es.Value = cl
	if cl.strict() {
		cl.connectTimer = time.AfterFunc(s.cfg.ConnectTimeout, cl.onConnectTimeout)
		return
	}
	// Protocol 4 connects the first namespace without a CONNECT. If nothing can
	// refuse it, the answer is part of the handshake.
	if root := s.namespaces["/"]; root.onConnect == nil {
		es.Send(engine.Message{Data: root.connectPacket})
	}
	cl.receive(&pendingPacket{SocketPacket: packet.SocketPacket{Type: packet.Connect, Namespace: "/"}})
}

// Closed implements engine.Handler.
func (s *Server) Closed(es *engine.Session, reason engine.Reason) {
	es.Value.(*client).end(reason)
}

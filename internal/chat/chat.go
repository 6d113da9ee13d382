// Package chat is the application. A node publishes what its clients say on
// "chat", and sends every published line to every client, on whichever node.
// The sender, too, hears its own line through Redis.
package chat

import (
	"log/slog"
	"sync"
	"sync/atomic"

	socketio "github.com/googollee/go-socket.io"

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
	"tsunagu/internal/fanout"
)

const (
	// event is what lines are called, in both directions.
	event = "chat"
	// namespace is where the chat takes place.
	namespace = "/"
)

// A Publisher takes the lines that clients say. It must not block. The line is
// the publisher's to keep.
type Publisher interface {
	Publish(line []byte) error
}

// Config holds what a Chat can be told.
type Config struct {
	// Publisher takes what clients say.
	Publisher Publisher
	// NoIOUring makes every write to a client a system call of its own.
	NoIOUring bool
	// Logger gets what is dropped, at debug level, and what the publisher
	// refuses. Default: none.
	Logger *slog.Logger
}

// A Chat is one node's chat. It is the bridge's Audience and the adapter's
// Receiver.
type Chat struct {
	cfg     Config
	fan     *fanout.Fanout
	dropped atomic.Int64

	mu sync.Mutex
	// guarded by mu
	members map[*engine.Session]fanout.Membership
	refused bool // the publisher has refused a line, and the log knows
}

// New returns a chat with nobody in it.
func New(cfg Config) *Chat {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Chat{cfg: cfg, fan: fanout.New(fanout.Config{NoIOUring: cfg.NoIOUring, Logger: cfg.Logger}), members: make(map[*engine.Session]fanout.Membership)}
}

// Close ends the delivery of lines.
func (c *Chat) Close() { c.fan.Close() }

// Register sets the handlers.
func (c *Chat) Register(srv *bridge.Server) {
	srv.OnEvent(namespace, event, c.say)
}

// Dropped is how many lines were dropped because they have no text: what would
// have ended the original's process.
func (c *Chat) Dropped() int64 { return c.dropped.Load() }

// say publishes one line. Whatever else the client sends along is ignored, and
// no ack is answered, as in the original.
func (c *Chat) say(conn socketio.Conn, arg bridge.Arg) {
	if arg.Missing() {
		c.drop(conn, "no argument")
		return
	}
	text, err := Text(arg.JSON(), arg.Attachments())
	if err != nil {
		c.drop(conn, err.Error())
		return
	}
	c.report(c.cfg.Publisher.Publish([]byte(text)))
}

func (c *Chat) drop(conn socketio.Conn, why string) {
	n := c.dropped.Add(1)
	c.cfg.Logger.Debug("line dropped", "why", why, "sid", conn.ID(), "dropped", n)
}

// report logs that the publisher refuses lines, once until it takes one again.
func (c *Chat) report(err error) {
	c.mu.Lock()
	news := (err != nil) != c.refused
	c.refused = err != nil
	c.mu.Unlock()
	switch {
	case news && err != nil:
		c.cfg.Logger.Error("publish queue full, dropping messages", "err", err)
	case news:
		c.cfg.Logger.Info("publishing again")
	}
}

// Receive implements adapter.Receiver.
func (c *Chat) Receive(line []byte) { c.fan.Emit(event, line) }

// Join implements bridge.Audience.
func (c *Chat) Join(name string, s *engine.Session) engine.Feed {
	if name != namespace {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// In this order: a line that comes in between is not the newcomer's, and
	// one that comes later finds it among the readers.
	c.members[s] = c.fan.Join(s)
	return c.fan.Cursor()
}

// Leave implements bridge.Audience.
func (c *Chat) Leave(name string, s *engine.Session) {
	if name != namespace {
		return
	}
	s.Detach()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[s].Leave()
	delete(c.members, s)
}

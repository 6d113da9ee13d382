// Package chat is the application. Each node publishes the lines that its clients
// send as "chat" events, and sends every published line to all of its clients. The
// sender also receives its own line from Redis.
package chat

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"tsunagu/adapter"
	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
	"tsunagu/internal/fanout"
	"tsunagu/internal/panics"
)

const (
	// event is the name of the event that carries a line, in both directions.
	event = "chat"
	// namespace is the namespace of the chat.
	namespace = "/"
)

// A Publisher publishes the lines of clients. Publish may block while its buffer is
// full, which holds up the session that speaks, and may keep line. It returns an
// error if it does not accept the line: it is too long, or the node is shutting down.
type Publisher interface {
	Publish(line []byte) error
}

// Config holds the settings of a Chat.
type Config struct {
	// Publisher publishes the lines of clients. Required.
	Publisher Publisher
	// NoIOUring makes every write to a client a separate system call. Default:
	// io_uring is used if the kernel offers it.
	NoIOUring bool
	// Panics gets the panics of sessions that lines are sent to. Default: nobody is told.
	Panics *panics.Recorder
	// Logger receives dropped lines, at debug level. Default: no log.
	Logger *slog.Logger
}

// A Chat is the chat of one node. It implements bridge.Audience and
// adapter.Receiver. Its methods may be called concurrently, Close only once.
type Chat struct {
	cfg      Config
	fan      *fanout.Fanout
	trips    *roundTrips
	accepted atomic.Int64
	dropped  atomic.Int64
	textless atomic.Int64 // of those dropped: without a text
	tooLong  atomic.Int64 // of those dropped: with a text above MaxText

	mu sync.Mutex
	// guarded by mu
	members map[*engine.Session]fanout.Membership
}

// New returns a chat without members and starts its fan-out. Close stops it.
func New(cfg Config) *Chat {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	fan := fanout.New(fanout.Config{NoIOUring: cfg.NoIOUring, Panics: cfg.Panics, Logger: cfg.Logger})
	return &Chat{cfg: cfg, fan: fan, trips: newRoundTrips(), members: make(map[*engine.Session]fanout.Membership)}
}

// Close stops the delivery of lines and waits for the workers.
func (c *Chat) Close() { c.fan.Close() }

// Register registers the handler of the chat event.
func (c *Chat) Register(srv *bridge.Server) {
	srv.OnEvent(namespace, event, c.publish)
}

// Dropped returns the number of events that were dropped because their argument has
// no text, on which the original would crash, or one above MaxText, or the publisher did
// not accept it.
func (c *Chat) Dropped() int64 { return c.dropped.Load() }

// publish publishes one line. As in the original, it ignores further arguments and sends
// no ack.
func (c *Chat) publish(conn *bridge.Conn, args bridge.Args) []any {
	text, err := Text(args.JSON(0), args.Attachments())
	if err != nil {
		if err == ErrTooLong {
			c.tooLong.Add(1)
		} else {
			c.textless.Add(1)
		}
		c.drop(conn, err.Error())
		return nil
	}
	trip := c.trips.begin(text)
	if err := c.cfg.Publisher.Publish(text); err != nil {
		c.trips.take(trip)
		c.drop(conn, err.Error())
		return nil
	}
	c.accepted.Add(1)
	return nil
}

func (c *Chat) drop(conn *bridge.Conn, reason string) {
	n := c.dropped.Add(1)
	c.cfg.Logger.Debug("message dropped", "reason", reason, "id", conn.ID(), "dropped", n)
}

// Receive implements adapter.Receiver.
func (c *Chat) Receive(line []byte, _ adapter.Position) {
	c.fan.Emit(event, line)
	c.trips.received(line)
}

// Join implements bridge.Audience.
func (c *Chat) Join(name string, s *engine.Session) engine.Feed {
	if name != namespace {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// In this order no line is lost: the session receives every line after its
	// cursor, and the workers know the session by then.
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

package engine

import (
	"log/slog"
	"time"
)

// A Handler is told what happens to sessions.
type Handler interface {
	// Opened is called once per session, before anything else. Packets sent
	// from it ride along with the handshake.
	Opened(s *Session)
	// Message is called for each message packet, one at a time per session.
	// While it blocks, nothing more is read from that client. The data is the
	// handler's to keep.
	Message(s *Session, data []byte, binary bool)
	// Closed is called once per session that was opened, when it has ended. It
	// may run beside Message, in any goroutine, and must not block.
	Closed(s *Session, reason Reason)
}

// A Feed is one session's place in a stream of text messages that many
// sessions read. It is called with the session locked and must not block.
type Feed interface {
	// Next steps over the messages that follow and returns them as whole
	// unmasked websocket frames in one slice that never changes any more;
	// empty when there are none.
	Next() []byte
	// Lag is the number of bytes that Next has yet to return.
	Lag() int
}

// Config holds what a Server can be told. The zero value of each field stands
// for its default.
type Config struct {
	// PingInterval is how often the client (revision 3) or the server
	// (revision 4) sends a ping. Default 25 s.
	PingInterval time.Duration
	// PingTimeout3 and PingTimeout4 are how long the other side may then be
	// silent. Defaults 5 s and 20 s, as socket.io 2.1.1 and 4.x announce them.
	PingTimeout3 time.Duration
	PingTimeout4 time.Duration
	// UpgradeTimeout is how long a websocket may take from its probe to its
	// upgrade packet. Default 10 s.
	UpgradeTimeout time.Duration
	// CloseTimeout is how long a client gets, after Session.Close, to take what
	// was sent before and to fetch the close packet with a poll. Default 30 s.
	CloseTimeout time.Duration
	// MaxPayload is the most bytes that one request body or one websocket
	// message may have. Default 1,000,000, as socket.io 2.5 has it.
	MaxPayload int
	// MaxQueue is how many bytes of its own a session may have waiting: answers
	// and what was sent to it alone. Beyond it the client is closed as too slow.
	// Each slow client can cost the node that much. Default 1 MiB.
	MaxQueue int
	// MaxLag is how many bytes a session may be behind the end of its Feed,
	// beyond which its client is closed as too slow. The feed's bytes are shared,
	// so the slowest client decides what they cost the node, however many are slow.
	// It should exceed what may come at once after an outage. Default 64 MiB.
	MaxLag int
	// StallTimeout is how long a websocket may take nothing at all of what
	// waits before its client is closed as too slow; it can take up to twice as
	// long until that is noticed. Default 30 s.
	StallTimeout time.Duration
	// Revisions are the protocol revisions served. Default: all.
	Revisions []Revision
	// Logger gets the few things worth telling an operator. Default: none.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.PingInterval, 25*time.Second)
	def(&c.PingTimeout3, 5*time.Second)
	def(&c.PingTimeout4, 20*time.Second)
	def(&c.UpgradeTimeout, 10*time.Second)
	def(&c.CloseTimeout, 30*time.Second)
	def(&c.StallTimeout, 30*time.Second)
	if c.MaxPayload == 0 {
		c.MaxPayload = 1_000_000
	}
	if c.MaxQueue == 0 {
		c.MaxQueue = 1 << 20
	}
	if c.MaxLag == 0 {
		c.MaxLag = 64 << 20
	}
	if len(c.Revisions) == 0 {
		c.Revisions = []Revision{Revision3, Revision4}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

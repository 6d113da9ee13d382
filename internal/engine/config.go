package engine

import (
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"tsunagu/internal/panics"
)

// A Handler receives the events of all sessions of a Server. A panic in it ends the
// session.
type Handler interface {
	// Opened is called once per session, before any other method. Packets that it
	// sends are part of the answer to the handshake.
	Opened(s *Session)
	// Message is called for each message packet, one at a time per session.
	// While it blocks, the server reads nothing more from that client. The
	// handler may keep data. To wait it should call Session.PauseUntil.
	Message(s *Session, data []byte, binary bool)
	// Closed is called once per opened session, after the session has ended and the
	// last Message has returned, in any goroutine. It must not block.
	Closed(s *Session, reason Reason)
}

// A Feed is one session's position in a stream of text messages that many
// sessions read. Its methods are called with the session locked and must not
// block.
type Feed interface {
	// Next returns the messages after the position and moves the position behind
	// them. They are whole unmasked websocket frames in one slice that never
	// changes; the slice is empty when there are no more messages.
	Next() []byte
	// Lag is the number of bytes that Next has not returned yet.
	Lag() int
}

// Config holds the settings of a Server. A zero field means its default.
type Config struct {
	// PingInterval is how often the client (revision 3) or the server
	// (revision 4) sends a ping. Default 25 s.
	PingInterval time.Duration
	// PingTimeout3 and PingTimeout4 are how long a ping (revision 3) or a pong
	// (revision 4) may be overdue before the server closes the session. Defaults
	// 5 s and 20 s, as in socket.io 2.1.1 and 4.x.
	PingTimeout3 time.Duration
	PingTimeout4 time.Duration
	// UpgradeTimeout is how long a client may take from the websocket handshake to
	// the upgrade packet. Default 10 s.
	UpgradeTimeout time.Duration
	// CloseTimeout is how long a client may take, after Session.Close, to read the
	// messages sent before and to fetch the close packet with a poll. Default 30 s.
	CloseTimeout time.Duration
	// MaxPayload is the maximum size in bytes of one request body or one websocket
	// message. Default 1,000,000, as in socket.io 2.5.
	MaxPayload int
	// MaxQueue is the maximum size in bytes of a session's own queue: messages sent
	// to this session only, and protocol answers. Above it the server closes the
	// session as too slow. Each slow client can use that much memory.
	// Default 1 MiB.
	MaxQueue int
	// MaxLag is the maximum distance in bytes between a session and the end of its
	// Feed. Above it the server closes the session as too slow. Sessions share the
	// bytes of a feed, so this bounds memory once per node and not per client. It
	// should exceed what can arrive at once after an outage. Default 64 MiB.
	MaxLag int
	// StallTimeout is how long a websocket may accept no bytes at all while there is
	// something to write. Then the server closes the session as too slow, at the
	// latest after twice that time. Default 30 s.
	StallTimeout time.Duration
	// MessageRate is how many packets a second one client may send, after
	// MessageBurst at once. A client above it is read no faster. Default: no limit.
	MessageRate  rate.Limit
	MessageBurst int // default 1
	// Origins are those of the pages that may connect. Default: all.
	Origins Origins
	// Admission decides who may begin a session. Default: everybody.
	Admission Admission
	// Revisions are the protocol revisions to serve. Default: 3 and 4.
	Revisions []Revision
	// Panics gets the panics of goroutines that serve sessions. Default: nobody is told.
	Panics *panics.Recorder
	// Logger receives a warning when a client is refused for its revision, and
	// session ends at debug level. Default: no log.
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
	if c.MessageBurst == 0 {
		c.MessageBurst = 1
	}
	if c.Admission == nil {
		c.Admission = admitAll{}
	}
	if len(c.Revisions) == 0 {
		c.Revisions = []Revision{Revision3, Revision4}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

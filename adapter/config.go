package adapter

import (
	"log/slog"
	"time"
)

// Config says how an Adapter behaves. The zero value is what a chat wants.
type Config struct {
	// Channel is the Redis channel. Default "chat", the channel of the Node
	// servers; nodes on different channels are different chats.
	Channel string

	// MaxPending bounds the lines that wait for Redis, in bytes, with a little added
	// per line so that empty lines are not free. Default 16 MB. A higher bound
	// keeps more of a long outage and floods every client when it ends.
	MaxPending int

	// Logger takes one line when Redis becomes unreachable and one when it is back.
	// Default slog.Default(). No password ever reaches it.
	Logger *slog.Logger

	// DrainTimeout is how long Run may go on sending what waits after its
	// context ended. Default 2 s; negative: not at all, waiting lines are dropped.
	DrainTimeout time.Duration

	// ProbeInterval is the pause between two probes that the subscription is
	// alive. Default 10 s. A half-open connection is noticed after at most
	// this plus ProbeTimeout, and this node misses the lines in between.
	ProbeInterval time.Duration

	// ProbeTimeout is how long the answer to a probe may take. Default 5 s.
	// Too short, and a slow Receiver or one huge line on a slow network is
	// mistaken for a dead connection.
	ProbeTimeout time.Duration

	// IdleCheck is how old the last answer may be before the publisher asks
	// with a PING whether its connection still stands, ahead of the lines.
	// Default 1 s. Longer saves a round trip per pause and risks a line where
	// a connection can die without a sign (TLS, firewalls).
	IdleCheck time.Duration

	// BackoffMin and BackoffMax bound the pause between two attempts. It
	// doubles from one to the other and is shortened by up to half at random,
	// so that nodes do not return in step. Defaults 100 ms and 2 s.
	BackoffMin, BackoffMax time.Duration

	// ResumeDelay is how long, at most, waiting lines are held after an outage
	// ended, so that other nodes are subscribed again when they go out; after
	// a short outage it is twice the outage. Default BackoffMax, which is how
	// late another node may be; negative: not at all.
	ResumeDelay time.Duration
}

// withDefaults returns c with every unset field filled in.
func (c Config) withDefaults() Config {
	if c.Channel == "" {
		c.Channel = "chat"
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 16 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	fill(&c.DrainTimeout, 2*time.Second)
	fill(&c.ProbeInterval, 10*time.Second)
	fill(&c.ProbeTimeout, 5*time.Second)
	fill(&c.IdleCheck, time.Second)
	fill(&c.BackoffMin, 100*time.Millisecond)
	fill(&c.BackoffMax, 2*time.Second)
	fill(&c.ResumeDelay, c.BackoffMax)
	return c
}

func fill(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

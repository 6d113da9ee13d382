package adapter

import (
	"fmt"
	"log/slog"
	"time"
)

// Mode says how lines travel.
type Mode int

const (
	// Auto uses the log, and plain PUBLISH while Redis refuses the log.
	Auto Mode = iota
	// Log uses the log only: while Redis refuses it, lines wait.
	Log
	// Plain uses PUBLISH only, as the Node servers do. Nothing is stored in
	// Redis, and lines that are published while a node is away are lost to it.
	Plain
)

// ParseMode reads "auto", "log" or "plain".
func ParseMode(s string) (Mode, error) {
	for m := Auto; m <= Plain; m++ {
		if s == m.String() {
			return m, nil
		}
	}
	return 0, fmt.Errorf("relay %q: want auto, log or plain", s)
}

// String returns what ParseMode reads.
func (m Mode) String() string { return [...]string{"auto", "log", "plain"}[m] }

// Config says how an Adapter behaves. The zero value is what a chat wants.
type Config struct {
	// Channel is the Redis channel. Default "chat", the channel of the Node
	// servers; nodes on different channels are different chats. The keys and
	// the second channel of the log are named after it.
	Channel string

	// Mode is how lines travel. Default Auto.
	Mode Mode

	// Buffer is how many bytes may wait for Redis, with 64 added per line so
	// that empty lines are not free. Default 16 MB. While it is full, Publish
	// blocks. As much again is held of what Redis has acknowledged.
	Buffer int

	// HoldTime is how long acknowledged lines are held, to be published again
	// if Redis loses them. Default 60 s; time in which Redis cannot be reached
	// does not count.
	HoldTime time.Duration

	// LogBytes bounds the log in Redis, with 64 bytes added per line. Default
	// 32 MB. A node that was away for longer than the log reaches back misses
	// lines. What it holds is delivered at once after an outage, so receivers
	// must have room for it.
	LogBytes int

	// MaxLine is the length of the longest line that Publish accepts, in
	// bytes. Default 1 MB. Redis cuts off all subscribers that have 32 MB
	// still to read.
	MaxLine int

	// Logger takes one line when Redis becomes unreachable and one when it is
	// back. Default slog.Default(). No password ever reaches it.
	Logger *slog.Logger

	// DrainTimeout is how long Run may go on sending what waits after its
	// context ended. Default 2 s; negative: not at all, waiting lines are
	// dropped.
	DrainTimeout time.Duration

	// ProbeInterval is the pause between two probes of the connections, and
	// between two attempts to return from plain PUBLISH to the log. Default
	// 10 s. A half-open connection is noticed after at most this plus
	// ProbeTimeout.
	ProbeInterval time.Duration

	// ProbeTimeout is how long the answer to a probe may take. Default 5 s.
	// Too short, and a slow Receiver or one huge line on a slow network is
	// mistaken for a dead connection.
	ProbeTimeout time.Duration

	// BackoffMin and BackoffMax bound the pause between two attempts. It
	// doubles from one to the other and is shortened by up to half at random,
	// so that nodes do not return in step. Defaults 100 ms and 2 s.
	BackoffMin, BackoffMax time.Duration
}

// withDefaults returns c with every unset field filled in.
func (c Config) withDefaults() Config {
	if c.Channel == "" {
		c.Channel = "chat"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	fillBytes(&c.Buffer, 16<<20)
	fillBytes(&c.LogBytes, 32<<20)
	fillBytes(&c.MaxLine, 1<<20)
	fill(&c.HoldTime, time.Minute)
	fill(&c.DrainTimeout, 2*time.Second)
	fill(&c.ProbeInterval, 10*time.Second)
	fill(&c.ProbeTimeout, 5*time.Second)
	fill(&c.BackoffMin, 100*time.Millisecond)
	fill(&c.BackoffMax, 2*time.Second)
	return c
}

func fill(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

func fillBytes(n *int, def int) {
	if *n <= 0 {
		*n = def
	}
}

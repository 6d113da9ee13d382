package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tsunagu/internal/histogram"
)

// Figures are what a node reports of itself at one moment, to Prometheus, to
// the page, and through Redis to other nodes. Counters are since the start of
// the node and never go down.
type Figures struct {
	Name    string    `json:"name"` // for people, such as host:port
	Node    string    `json:"node"` // the port, which tells the nodes of a process apart
	At      time.Time `json:"at"`
	Unready []string  `json:"unready,omitempty"` // why the node is not ready, in words

	Sessions []Sessions       `json:"sessions"` // now
	Opened   map[string]int64 `json:"opened"`   // sessions by revision of Engine.IO
	Upgrades int64            `json:"upgrades"` // sessions that went from polling to a websocket
	Closed   map[string]int64 `json:"closed"`   // sessions by reason
	Refused  map[string]int64 `json:"refused"`  // requests by reason
	Messages int64            `json:"messages"` // Engine.IO message packets from clients
	BytesIn  int64            `json:"bytesIn"`
	BytesOut int64            `json:"bytesOut"`
	Slowed   int64            `json:"slowed"` // pauses of clients above the message rate

	QueuedBytes    int64 `json:"queuedBytes"`    // of events that wait for handlers, now
	PausedSessions int64 `json:"pausedSessions"` // sessions that wait for room there, now

	MaxSessions        int64 `json:"maxSessions"`    // of the process
	Connections        int64 `json:"connections"`    // of clients, now
	MaxConnections     int64 `json:"maxConnections"` // of the process
	ConnectionsRefused int64 `json:"connectionsRefused"`

	LinesIn      int64              `json:"linesIn"`  // from this node's clients
	LinesOut     int64              `json:"linesOut"` // from Redis, to this node's clients
	LinesDropped map[string]int64   `json:"linesDropped"`
	Listeners    int                `json:"listeners"` // sessions that lines go to, now
	RelayDelay   histogram.Snapshot `json:"relayDelay"`
	FanoutDelay  histogram.Snapshot `json:"fanoutDelay"`
	IOUring      bool               `json:"ioUring"`
	Panics       map[string]int64   `json:"panics"` // that were recovered, by place

	Redis Redis `json:"redis"`
}

// Sessions counts those that one revision of Engine.IO and one transport carry.
type Sessions struct {
	EIO       string `json:"eio"`
	Transport string `json:"transport"`
	Count     int64  `json:"count"`
}

// Redis is the state of a node's relay.
type Redis struct {
	Subscribed   bool  `json:"subscribed"`
	Published    int64 `json:"published"` // lines that Redis acknowledged
	Plain        bool  `json:"plain"`     // lines are published without the log
	Again        int64 `json:"again"`     // lines published again because Redis had lost them
	Reconnects   int64 `json:"reconnects"`
	Gaps         int64 `json:"gaps"`
	Lost         int64 `json:"lost"`
	Waiting      int64 `json:"waiting"`      // lines, now
	WaitingBytes int64 `json:"waitingBytes"` // now
}

// maxReport is how long the report of a node may be, in bytes.
const maxReport = 64 << 10

// Encode returns figures as a report that Decode reads.
func (f Figures) Encode() []byte {
	b, _ := json.Marshal(f) // maps with text keys and numbers: cannot fail
	return b
}

// Decode reads the report of a node elsewhere, which may be of another version:
// what it does not know is zero, and what it knows beside is ignored.
func Decode(report []byte) (Figures, error) {
	if len(report) > maxReport {
		return Figures{}, fmt.Errorf("a report of %d bytes is too long", len(report))
	}
	var f Figures
	if err := json.Unmarshal(report, &f); err != nil {
		return Figures{}, fmt.Errorf("not a report: %w", err)
	}
	if f.Name == "" || f.At.IsZero() {
		return Figures{}, errors.New("not a report: no name or no time")
	}
	return f, nil
}

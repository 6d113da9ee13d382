package load

import "time"

// ask is one order to the generator, with exactly one field set; answer is what it says to it.
type ask struct {
	Connect *ConnectAsk `json:",omitempty"`
	Traffic *TrafficAsk `json:",omitempty"`
	Status  bool        `json:",omitempty"`
}

type answer struct {
	Error     string     `json:",omitempty"`
	Connected *Connected `json:",omitempty"`
	Traffic   *Traffic   `json:",omitempty"`
	Status    *Status    `json:",omitempty"`
}

// ConnectAsk says which clients to bring to a server.
type ConnectAsk struct {
	Addr     string // where the server listens, an IPv4 address and a port
	EIO      int    // the dialect: 3 or 4
	Clients  int
	InFlight int // handshakes under way at once
	WarmUp   int // connections that come before the rate is taken
}

// Connected says that all clients are connected, and how fast that went.
type Connected struct {
	PerSecond float64 // handshakes a second, from the client after the warm-up to the last
	Seconds   float64 // from the first connect to the last client ready
}

// TrafficAsk says which lines to send.
type TrafficAsk struct {
	Lines     int
	PerSecond float64       // evenly spaced
	Speakers  int           // clients that take turns
	Drain     time.Duration // how long to wait for what is missing after the last line
}

// Traffic is what became of the lines. Every client, the speaker included, is to hear every line once.
type Traffic struct {
	Expected    int64 // lines times clients
	Delivered   int64 // without duplicates
	Undelivered int64
	Duplicates  int64
	Disorder    int64 // deliveries after a later line of the same speaker
	Foreign     int64 // deliveries that are no line of this run, or changed
	Lost        int64 // clients that the server has dropped

	P50, P99, Max time.Duration // of the delays; a line that never came counts with the time it was waited for
	Late          time.Duration // 99 of 100 lines left the generator at most this long after they were due
	Seconds       float64       // from the first line sent to the last delivery, or to the end of waiting
	PerSecond     float64       // deliveries in this time
}

// Status is how the clients are.
type Status struct {
	Ready  int64
	Silent int // clients whose server owes them a heartbeat
}

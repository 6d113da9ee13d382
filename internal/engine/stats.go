package engine

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are counters since New, but for Sessions, which is now.
type Stats struct {
	Sessions map[Carrier]int64      // sessions that live
	Opened   map[Revision]int64     // sessions begun
	Upgrades int64                  // sessions that went from polling to a websocket
	Closed   map[Reason]int64       // sessions ended
	Refused  map[RefuseReason]int64 // requests that were answered with an error
	Received int64                  // message packets from clients
	Slowed   int64                  // pauses of clients above Config.MessageRate
	BytesIn  int64                  // bytes of websocket messages and of request bodies
	BytesOut int64                  // bytes of frames and of answers to polls, but for what Stage returned
}

// A Carrier is what carries a session: a protocol revision over a transport,
// "polling" or "websocket".
type Carrier struct {
	Revision  Revision
	Transport string
}

// A RefuseReason tells why a request was answered with an error, or a websocket closed
// for a message that was too large.
type RefuseReason string

// All the reasons there are.
const (
	RefusedTransport RefuseReason = "transport unknown"
	RefusedSession   RefuseReason = "session unknown"
	RefusedMethod    RefuseReason = "bad handshake method"
	RefusedRequest   RefuseReason = "bad request"
	RefusedRevision  RefuseReason = "protocol version not served"
	RefusedWebSocket RefuseReason = "bad websocket handshake"
	RefusedTooLarge  RefuseReason = "message too large"
	RefusedShutdown  RefuseReason = "server shutting down"
	RefusedOrigin    RefuseReason = "origin not allowed"

	// Of an Admission.
	RefusedFull          RefuseReason = "too many sessions"
	RefusedAddressFull   RefuseReason = "too many sessions from one address"
	RefusedHandshakeRate RefuseReason = "too many handshakes from one address"
)

// counters are what Stats returns. What happens with each message is counted
// without the lock.
type counters struct {
	upgrades, received, slowed, bytesIn, bytesOut atomic.Int64

	mu sync.Mutex
	// guarded by mu
	sessions map[Carrier]int64
	opened   map[Revision]int64
	closed   map[Reason]int64
	refused  map[RefuseReason]int64
}

// newCounters begins with what an operator wants to see before it happens.
func newCounters() *counters {
	return &counters{
		sessions: make(map[Carrier]int64),
		opened:   make(map[Revision]int64),
		closed: map[Reason]int64{
			TransportClose: 0, TransportError: 0, ParseError: 0, PingTimeout: 0, ForcedClose: 0, ServerShutdown: 0, TooSlow: 0,
			InternalError: 0,
		},
		refused: map[RefuseReason]int64{
			RefusedTransport: 0, RefusedSession: 0, RefusedMethod: 0, RefusedRequest: 0, RefusedRevision: 0,
			RefusedWebSocket: 0, RefusedTooLarge: 0, RefusedShutdown: 0, RefusedOrigin: 0,
			RefusedFull: 0, RefusedAddressFull: 0, RefusedHandshakeRate: 0,
		},
	}
}

func (c *counters) open(s *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[s.revision]++
	c.sessions[Carrier{s.revision, s.transportLocked()}]++
}

func (c *counters) upgrade(s *Session) {
	c.upgrades.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions[Carrier{s.revision, pollingTransport}]--
	c.sessions[Carrier{s.revision, websocketTransport}]++
}

func (c *counters) close(s *Session, transport string, reason Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed[reason]++
	c.sessions[Carrier{s.revision, transport}]--
}

// polling returns the number of sessions over polling.
func (c *counters) polling() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for carrier, sessions := range c.sessions {
		if carrier.Transport == pollingTransport {
			n += int(sessions)
		}
	}
	return n
}

// refuseTooLarge counts the end of a websocket's reader if the reason is a message that
// was too large.
func (c *counters) refuseTooLarge(err error) {
	if err == errTooLong {
		c.refuse(RefusedTooLarge)
	}
}

func (c *counters) refuse(reason RefuseReason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[reason]++
}

// Stats returns the counters. Those of messages and bytes are read one after
// the other: they do not add up exactly while the server is at work.
func (srv *Server) Stats() Stats {
	c := srv.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Sessions: maps.Clone(c.sessions),
		Opened:   maps.Clone(c.opened),
		Upgrades: c.upgrades.Load(),
		Closed:   maps.Clone(c.closed),
		Refused:  maps.Clone(c.refused),
		Received: c.received.Load(),
		Slowed:   c.slowed.Load(),
		BytesIn:  c.bytesIn.Load(),
		BytesOut: c.bytesOut.Load(),
	}
}

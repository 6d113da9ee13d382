package engine

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"sync"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// A Session is one client's session, over polling or a websocket. All methods may
// be called concurrently.
type Session struct {
	// The fields that every delivery uses come first, together: with thousands of
	// sessions, cache misses are the largest cost of a delivery after the write.
	mu sync.Mutex
	// guarded by mu
	out   outgoing
	ws    *wsConn // the websocket that carries the session
	poll  *poll   // the pending GET
	after func()  // unlock calls it

	// static after construction
	server   *Server
	id       string
	revision Revision
	jsonp    string // text before the payload in JSONP answers; "" without JSONP
	base64   bool   // the client wants binary data as base64
	request  packedRequest
	from     netip.Addr // for Admission.Release

	// Value is for the Handler, which may set it in Opened.
	Value any

	// receiving is held while a packet of this session is handled. Without it the
	// packets of a POST could be handled at the same time as those of the websocket
	// that replaces it.
	receiving sync.Mutex

	// also guarded by mu
	closeOnOpen Reason        // reason to close the session when it opens
	closeReason Reason        // while closing: the reason with which the session will end
	closeSent   bool          // while closing: the websocket's close frame is on its way
	timer       *time.Timer   // expires at deadline or earlier
	deadline    time.Time     // of the heartbeat, or of CloseTimeout
	awaitPong   bool          // revision 4: a ping was sent, and no pong has arrived
	extended    bool          // a packet that is no pong has extended the deadline
	post        *post         // the POST that is being read
	probing     *wsConn       // a websocket that has not upgraded yet
	noops       *time.Timer   // answers polls while a websocket probes
	resumed     chan struct{} // closed at the end of a pause, nil without one
	pausers     pauser        // whose pause it is
	throttle    *throttle     // nil where Config sets no rate
	passing     *post         // the POST that passes the pause
	late        *latePoll     // set when a POST has closed the session
	polled      time.Time     // when the last poll came
	unread      int           // bytes of answers to polls that were not written yet
}

func newID() string {
	// 15 bytes give the 20 characters of the original's ids.
	var b [15]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

// ID returns the session id: 20 characters, random.
func (s *Session) ID() string { return s.id }

// Revision returns the client's protocol revision.
func (s *Session) Revision() Revision { return s.revision }

// Transport returns the current transport, "polling" or "websocket".
func (s *Session) Transport() string {
	s.mu.Lock()
	defer s.unlock()
	return s.transportLocked()
}

func (s *Session) transportLocked() string {
	if s.ws != nil {
		return websocketTransport
	}
	return pollingTransport
}

// A Message is one Engine.IO message packet. Its data must not change after it
// was sent.
type Message struct {
	Data   []byte
	Binary bool // Data is binary, not UTF-8 text
}

// Send queues messages, with no others between them. It never blocks. On a session
// that is closed or closing it does nothing.
func (s *Session) Send(messages ...Message) { s.Attach(nil, messages...) }

// Attach sends messages like Send and attaches f, in one step: a client that
// receives the messages also receives everything that follows in f. A nil f keeps
// the current feed.
func (s *Session) Attach(f Feed, messages ...Message) {
	s.mu.Lock()
	defer s.unlock()
	if !s.acceptsLocked() {
		return
	}
	for _, m := range messages {
		s.enqueueLocked(packet.Packet{Type: packet.Message, Binary: m.Binary, Data: m.Data})
	}
	if f != nil {
		s.out.feed = f
	}
	s.flushLocked()
	s.checkBacklogLocked()
}

// Detach removes the feed.
func (s *Session) Detach() {
	s.mu.Lock()
	defer s.unlock()
	s.out.feed = nil
}

// Close closes the session after it has sent what is queued and what the feed
// holds now, for which the client has at most Config.CloseTimeout. It does not
// block.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.out.state == open:
		s.beginCloseLocked(ForcedClose)
	case s.out.state == opening && s.closeOnOpen == "":
		s.closeOnOpen = ForcedClose
	}
}

func (s *Session) beginCloseLocked(reason Reason) {
	s.closeReason = reason
	s.out.beginClose()
	s.setDeadlineLocked(s.server.cfg.CloseTimeout)
	s.flushLocked()
}

// closeLocked ends the session. All code that ends a session calls it.
func (s *Session) closeLocked(reason Reason) {
	switch s.out.state {
	case closed:
		return
	case opening: // Handler.Opened may not have returned, so Closed must wait
		s.closeOnOpen = reason
		return
	}
	s.timer.Stop()
	var closeFrame []byte
	if s.ws != nil && !s.closeSent {
		closeFrame = s.ws.startClose(reason)
	}
	s.out.end(closeFrame)
	s.resumeLocked()
	if s.poll != nil {
		s.answerPollLocked(packet.Close)
	}
	s.abortPostLocked()
	if s.probing != nil {
		s.probing.abort() // its read fails, and it closes the connection
		s.endProbeLocked()
	}
	s.flushLocked()
	transport, late := s.transportLocked(), s.late != nil
	s.after = func() {
		s.server.remove(s, transport, reason, late)
		// A new goroutine, because the caller may hold locks that the handler
		// takes.
		go func() {
			defer s.server.running.Done()
			defer s.server.cfg.Panics.Recover(panics.Handler, nil)
			s.receiving.Lock() // the last Message has returned
			defer s.receiving.Unlock()
			s.server.handler.Closed(s, reason)
		}()
	}
}

// unlock ends every locked section. It runs after, which must not run under the
// lock.
func (s *Session) unlock() {
	after := s.after
	s.after = nil
	s.mu.Unlock()
	if after != nil {
		after()
	}
}

// open ends the handshake: the session sends and receives packets from now on.
func (s *Session) open() {
	s.mu.Lock()
	defer s.unlock()
	s.out.state = open
	s.deadline = time.Now().Add(s.heartbeatTimeout())
	s.timer = time.AfterFunc(s.heartbeatTimeout(), s.onTimer)
	switch s.closeOnOpen {
	case "":
		s.flushLocked()
	case ForcedClose:
		s.beginCloseLocked(ForcedClose)
	default:
		s.closeLocked(s.closeOnOpen)
	}
}

func (s *Session) openPacket() packet.Packet {
	cfg := s.server.cfg
	hello := struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload,omitempty"`
	}{s.id, []string{}, cfg.PingInterval.Milliseconds(), s.pingTimeout().Milliseconds(), 0}
	if s.ws == nil {
		hello.Upgrades = []string{websocketTransport}
	}
	if s.revision == Revision4 {
		hello.MaxPayload = cfg.MaxPayload
	}
	data, _ := json.Marshal(hello) // strings and numbers: cannot fail
	return packet.Packet{Type: packet.Open, Data: data}
}

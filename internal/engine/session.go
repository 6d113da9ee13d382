package engine

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"

	"tsunagu/internal/packet"
)

// A Session is one client's connection, whichever transports carry it. All
// methods may be called concurrently.
type Session struct {
	// What delivering a line touches comes first, together: with thousands of
	// sessions, what a line costs beside the write is cache misses.
	mu sync.Mutex
	// guarded by mu
	out   outgoing
	ws    *wsConn // the websocket that carries the session
	poll  *poll   // the GET that waits for packets
	after func()  // what unlock has to do

	// static after construction
	server   *Server
	id       string
	revision Revision
	jsonp    string // what comes before the payload in JSONP answers; else ""
	base64   bool   // the polling client cannot take binary
	request  packedRequest

	// Value belongs to the Handler, which sets it in Opened.
	Value any

	// receiving is held while packets of this session are handled, so that a
	// POST that is still being read cannot run beside the websocket that
	// replaces it.
	receiving sync.Mutex

	// guarded by mu as well
	closeOnOpen Reason      // what ends the session as soon as it is open
	timer       *time.Timer // runs out at deadline, or before it
	deadline    time.Time   // of the heartbeat, or of closing
	awaitPong   bool        // revision 4: a ping is out, its pong is not back
	extended    bool        // another packet has come since, and put off the deadline
	post        *post       // the POST that is being read
	probing     *wsConn     // a websocket that may replace polling
	noops       *time.Timer // answers polls while it probes
}

func newID() string {
	// 15 bytes give the 20 characters of the original's ids.
	var b [15]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

// ID is the session id that the client knows: 20 characters, unguessable.
func (s *Session) ID() string { return s.id }

// Revision is the protocol revision that the client speaks.
func (s *Session) Revision() Revision { return s.revision }

// Transport is "polling" or "websocket", whichever carries the session now.
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

// A Message is one Engine.IO message packet. Its data must not change any more
// once it is sent.
type Message struct {
	Data   []byte
	Binary bool // the data is binary; otherwise it is UTF-8 text
}

// Send queues messages, so that nothing else comes between them, and never
// blocks. On a session that is closed or closing it does nothing.
func (s *Session) Send(messages ...Message) { s.Attach(nil, messages...) }

// Attach sends messages, as Send does, and lets the session read from f after
// them, all in one step: the client cannot see the messages before it is among
// the readers of f. A nil f leaves the session with the feed that it has.
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

// Detach ends what Attach began.
func (s *Session) Detach() {
	s.mu.Lock()
	defer s.unlock()
	s.out.feed = nil
}

// Close ends the session in order. What was sent before still goes out, and so
// does what the feed holds at this moment, for at most Config.CloseTimeout.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.out.state == open:
		s.beginCloseLocked()
	case s.out.state == opening && s.closeOnOpen == "":
		s.closeOnOpen = ForcedClose
	}
}

func (s *Session) beginCloseLocked() {
	s.out.beginClose()
	s.setDeadlineLocked(s.server.cfg.CloseTimeout)
	s.flushLocked()
}

// closeLocked is the one door out. Everything that ends a session comes here.
func (s *Session) closeLocked(reason Reason) {
	switch s.out.state {
	case closed:
		return
	case opening: // the handler may not hear of the end before the beginning
		s.closeOnOpen = reason
		return
	}
	s.timer.Stop()
	var closeFrame []byte
	if s.ws != nil {
		closeFrame = s.ws.startClose(reason)
	}
	s.out.end(closeFrame)
	if s.poll != nil {
		s.answerPollLocked([]packet.Packet{{Type: packet.Close}})
	}
	s.abortPostLocked()
	if s.probing != nil {
		s.probing.abort() // probe gives up, and says so
		s.endProbeLocked()
	}
	s.flushLocked()
	s.after = func() {
		s.server.remove(s, reason)
		// In a goroutine of its own, as the caller may hold locks that the
		// handler wants.
		go func() {
			defer s.server.running.Done()
			s.server.handler.Closed(s, reason)
		}()
	}
}

// unlock is how every locked section ends: what must not happen under the lock
// happens here.
func (s *Session) unlock() {
	after := s.after
	s.after = nil
	s.mu.Unlock()
	if after != nil {
		after()
	}
}

// open is the end of the handshake: from here on packets flow.
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
		s.beginCloseLocked()
	default:
		s.closeLocked(s.closeOnOpen)
	}
}

// openPacket is the first packet of a session.
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

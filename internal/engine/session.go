package engine

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/uring"
)

type state uint8

const (
	opening state = iota // the handshake is being prepared; packets only gather
	open
	closing // Close was called; what waits is still delivered
	closed
)

// A Session is one client's connection, whichever transports carry it. All
// methods may be called concurrently.
type Session struct {
	// What delivering a line touches comes first, together: with thousands of
	// sessions, what a line costs beside the write is cache misses.
	mu sync.Mutex
	// guarded by mu
	state  state
	socket *socket // the websocket that carries the session
	feed   Feed
	frames []byte // for socket, not yet offered to it
	finish func() // what unlock has to do
	poll   *poll  // the GET that waits for packets

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
	doomed   Reason          // what ends the session as soon as it is open
	timer    *time.Timer     // heartbeat, or the end of closing
	awaiting bool            // revision 4: a ping is out, its pong is not back
	extended bool            // another packet has come since, and put off the end
	queue    []packet.Packet // for the next poll
	queued   int             // bytes in queue
	post     *post           // the POST that is being read
	probing  *socket         // a websocket that may replace polling
	hurry    *time.Timer     // answers polls while it probes
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
	if s.socket != nil {
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
	if !s.takesLocked() {
		return
	}
	for _, m := range messages {
		s.enqueueLocked(packet.Packet{Type: packet.Message, Binary: m.Binary, Data: m.Data})
	}
	if f != nil {
		s.feed = f
	}
	s.flushLocked()
	s.checkBacklogLocked()
}

// Detach ends what Attach began.
func (s *Session) Detach() {
	s.mu.Lock()
	defer s.unlock()
	s.feed = nil
}

// Flush hands what waits in the feed to the transport, as far as that takes it
// without blocking. What goes to a socket is left to b, which may be nil, while
// that has room. A session that has fallen too far behind is closed.
func (s *Session) Flush(b *uring.Batch) {
	s.mu.Lock()
	defer s.unlock()
	if s.stageLocked(b) {
		return
	}
	s.flushLocked()
	if s.socket == nil || s.socket.writer == drainer {
		s.checkBacklogLocked()
	}
}

// Close ends the session in order: what was sent before still goes out.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.state == open:
		s.partLocked()
	case s.state == opening && s.doomed == "":
		s.doomed = ForcedClose
	}
}

// partLocked begins the end in order, and ends it where nothing waits.
func (s *Session) partLocked() {
	s.flushLocked()
	if s.state != open { // the flush has found the connection broken
		return
	}
	s.state = closing
	s.timer.Reset(s.server.cfg.CloseTimeout)
	s.endIfDoneLocked()
}

// endIfDoneLocked ends a session that is closing and has handed over, after a
// flush, all that was sent.
func (s *Session) endIfDoneLocked() {
	if s.state == closing && (s.poll != nil || s.socket != nil && s.socket.writer == nobody) {
		s.closeLocked(ForcedClose)
	}
}

// closeLocked is the one door out. Everything that ends a session comes here.
func (s *Session) closeLocked(reason Reason) {
	switch s.state {
	case closed:
		return
	case opening: // the handler may not hear of the end before the beginning
		s.doomed = reason
		return
	}
	s.state = closed
	s.timer.Stop()
	if s.poll != nil {
		s.releaseLocked([]packet.Packet{{Type: packet.Close}})
	}
	s.abortPostLocked()
	if s.probing != nil {
		s.probing.conn.SetDeadline(past) // probe gives up, and says so
		s.endProbeLocked()
	}
	if s.socket != nil {
		s.socket.hangUp(reason)
	}
	s.feed, s.queue, s.frames = nil, nil, nil
	s.finish = func() {
		s.server.remove(s, reason)
		// In a goroutine of its own, as whoever asked may hold locks that the
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
	finish := s.finish
	s.finish = nil
	s.mu.Unlock()
	if finish != nil {
		finish()
	}
}

// open is the end of the handshake: from here on packets flow.
func (s *Session) open() {
	s.mu.Lock()
	defer s.unlock()
	s.state = open
	s.timer = time.AfterFunc(s.patience(), s.onTimer)
	switch s.doomed {
	case "":
		s.flushLocked()
	case ForcedClose:
		s.partLocked()
	default:
		s.closeLocked(s.doomed)
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
	if s.socket == nil {
		hello.Upgrades = []string{websocketTransport}
	}
	if s.revision == Revision4 {
		hello.MaxPayload = cfg.MaxPayload
	}
	data, _ := json.Marshal(hello) // strings and numbers: cannot fail
	return packet.Packet{Type: packet.Open, Data: data}
}

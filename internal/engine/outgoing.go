package engine

import "tsunagu/internal/packet"

// packetCost is what keeping one packet costs beside its bytes: a client that
// pings and never polls would have millions of them for a few megabytes.
const packetCost = 64

type state uint8

const (
	opening state = iota // the handshake is being prepared; packets are only queued
	open
	closing // Close was called; what was sent before still goes out
	closed
)

// A writer is who writes to a session's websocket. While there is one, nobody
// else may.
type writer uint8

const (
	idle     writer = iota
	staged          // bytes were handed out to be written without blocking
	draining        // the socket is full, and a goroutine waits for it
)

// outgoing is the state of a session's outgoing side: what the session still
// has to send, and who is writing. It does no I/O. The session's mu guards it.
//
// The session's own packets go before those of the feed. A websocket session
// has them as frames, a polling session as packets.
type outgoing struct {
	state  state
	writer writer
	// pendingOwn tells that pending are bytes of this session alone, and not
	// shared bytes of the feed.
	pendingOwn bool
	pending    []byte // what the writer has in hand

	feed   Feed
	due    int // while closing: bytes of the feed that still go out
	frames []byte
	queue  []packet.Packet
	queued int // bytes in queue, with packetCost for each packet

	closeFrame []byte // once closed: goes out last
}

// accepts tells whether packets can still be sent.
func (o *outgoing) accepts() bool { return o.state == opening || o.state == open }

// enqueue adds a packet for the next poll.
func (o *outgoing) enqueue(p packet.Packet) {
	o.queue = append(o.queue, p)
	o.queued += packetCost + len(p.Data)
}

// waiting tells whether there is something to send that no writer has.
func (o *outgoing) waiting() bool {
	return len(o.closeFrame) > 0 || len(o.frames) > 0 || len(o.queue) > 0 || o.lag() > 0
}

// lag is the number of bytes of the feed that are to be sent.
func (o *outgoing) lag() int {
	switch {
	case o.feed == nil:
		return 0
	case o.state == closing:
		return o.due
	}
	return o.feed.Lag()
}

// stage makes w the writer and returns the bytes to write: whole frames, or
// nothing if somebody writes already or nothing waits.
func (o *outgoing) stage(w writer) []byte {
	if o.writer != idle || o.state == opening {
		return nil
	}
	o.pending, o.pendingOwn = o.closeFrame, true
	o.closeFrame = nil
	if len(o.pending) == 0 {
		o.pending, o.frames = o.frames, nil
	}
	if len(o.pending) == 0 {
		o.pending, o.pendingOwn = o.nextShared(), false
	}
	if len(o.pending) > 0 {
		o.writer = w
	}
	return o.pending
}

// nextShared steps over the next frames of the feed. While closing it stops
// where the feed ended when the close began.
func (o *outgoing) nextShared() []byte {
	if o.feed == nil {
		return nil
	}
	p := o.feed.Next()
	if o.state == closing {
		p = p[:min(len(p), o.due)]
		if o.due -= len(p); o.due == 0 {
			o.feed = nil
		}
	}
	return p
}

// wrote notes that n of the staged bytes were written. If that is all of them
// nobody writes any more; otherwise the socket is full, and the rest is
// returned for a goroutine that waits for the socket.
func (o *outgoing) wrote(n int) (rest []byte) {
	if o.pending = o.pending[n:]; len(o.pending) > 0 {
		o.writer = draining
		return o.pending
	}
	o.pending, o.writer = nil, idle
	return nil
}

// payload returns the packets for one poll. It stops when they have reached
// max bytes; the rest waits for the next poll.
func (o *outgoing) payload(max int) []packet.Packet {
	ps, n := o.queue, o.queued
	o.queue, o.queued = nil, 0
	for n < max {
		frames := o.nextShared()
		if len(frames) == 0 {
			break
		}
		n += len(frames)
		for len(frames) > 0 {
			var text []byte
			text, frames = packet.NextFrame(frames)
			ps = append(ps, packet.Packet{Type: packet.Message, Data: text[1:]})
		}
	}
	return ps
}

// exceeds tells whether the client is too slow: more than maxQueue bytes are
// kept for it alone, or the feed is more than maxLag bytes ahead of it. Staged
// bytes are no backlog yet, as the socket has not been asked to take them.
func (o *outgoing) exceeds(maxQueue, maxLag int) bool {
	if o.writer == staged || o.state == opening {
		return false
	}
	own, lag := len(o.frames)+o.queued, o.lag()
	if o.pendingOwn {
		own += len(o.pending)
	} else {
		lag += len(o.pending)
	}
	return own > maxQueue || lag > maxLag
}

// beginClose fixes what still goes out: what was sent up to now, and what the
// feed holds at this moment.
func (o *outgoing) beginClose() {
	o.due = o.lag()
	if o.due == 0 {
		o.feed = nil
	}
	o.state = closing
}

// end drops what waits, but for what the writer has in hand: the close frame,
// which goes out last, must not follow half a frame.
func (o *outgoing) end(closeFrame []byte) {
	o.state = closed
	o.feed, o.frames, o.queue, o.queued = nil, nil, nil, 0
	o.closeFrame = closeFrame
}

// fail drops everything, as writing has failed.
func (o *outgoing) fail() {
	*o = outgoing{state: o.state}
}

package engine

type state uint8

const (
	opening state = iota // the handshake is being prepared; packets are only queued
	open
	closing // Close was called; the session still sends what was queued before
	closed
)

// A writer is the owner of the right to write to a session's websocket.
type writer uint8

const (
	idle     writer = iota // no one writes
	staged                 // bytes were returned for a write that does not block
	draining               // the socket is full, and a goroutine waits for it
)

// outgoing is the state of a session's outgoing side: what the session still has
// to send, and who writes. It does no I/O. The session's mu guards it.
//
// The session sends its own packets before those of the feed. It stores them as
// frames, one behind the other, because a packet of one byte must not cost more: a
// client can ping and never read. A websocket session has them as they are sent, a
// polling session as packet.AppendPacketFrame writes them, like the feed.
type outgoing struct {
	state  state
	writer writer
	// pendingOwn is true if pending is from frames or closeFrame, and false if it
	// is from the feed, whose bytes all sessions share.
	pendingOwn bool
	pending    []byte // bytes that the writer has not written yet

	feed   Feed // while closing: a remainder
	frames []byte

	closeFrame []byte // set by end; sent last
}

// accepts reports whether packets can still be sent.
func (o *outgoing) accepts() bool { return o.state == opening || o.state == open }

// waiting reports whether there is something to send that no writer has.
func (o *outgoing) waiting() bool {
	return len(o.closeFrame) > 0 || len(o.frames) > 0 || o.lag() > 0
}

// lag is the number of bytes of the feed that the session still has to send.
func (o *outgoing) lag() int {
	if o.feed == nil {
		return 0
	}
	return o.feed.Lag()
}

// A remainder is what of a feed still has to be sent, without what is added later.
type remainder struct {
	Feed
	lag int
}

func (r *remainder) Next() []byte {
	p := r.Feed.Next()
	p = p[:min(len(p), r.lag)]
	r.lag -= len(p)
	return p
}

func (r *remainder) Lag() int { return r.lag }

// stage makes w the writer and returns the bytes to write, which are whole
// frames. It returns nothing if there is a writer already or nothing to send.
func (o *outgoing) stage(w writer) []byte {
	if o.writer != idle || o.state == opening {
		return nil
	}
	o.pending, o.pendingOwn = o.closeFrame, true
	o.closeFrame = nil
	if len(o.pending) == 0 {
		o.pending, o.frames = o.frames, nil
	}
	if len(o.pending) == 0 && o.feed != nil {
		o.pending, o.pendingOwn = o.feed.Next(), false
	}
	if len(o.pending) > 0 {
		o.writer = w
	}
	return o.pending
}

// wrote records that n of the staged bytes were written. If all were written the
// session has no writer any more. Otherwise the socket is full, and the caller has
// to write the rest from a goroutine that may block.
func (o *outgoing) wrote(n int) (rest []byte) {
	if o.pending = o.pending[n:]; len(o.pending) > 0 {
		o.writer = draining
		return o.pending
	}
	o.pending, o.writer = nil, idle
	return nil
}

// payload returns the frames for one poll. It stops at the first that reach max
// bytes; the others follow with the next poll.
func (o *outgoing) payload(max int) (frames [][]byte) {
	n := len(o.frames)
	if n > 0 {
		frames = append(frames, o.frames)
		o.frames = nil
	}
	for n < max && o.feed != nil {
		next := o.feed.Next()
		if len(next) == 0 {
			break
		}
		frames = append(frames, next)
		n += len(next)
	}
	return frames
}

// exceeds reports whether the client is too slow: the session's own queue exceeds
// maxQueue bytes, or the session is more than maxLag bytes behind the end of the
// feed. It returns false while bytes are staged, because the socket may still
// accept all of them.
func (o *outgoing) exceeds(maxQueue, maxLag int) bool {
	if o.writer == staged || o.state == opening {
		return false
	}
	own, lag := len(o.frames), o.lag()
	if o.pendingOwn {
		own += len(o.pending)
	} else {
		lag += len(o.pending)
	}
	return own > maxQueue || lag > maxLag
}

// beginClose starts closing. It limits what the session still sends to what is
// queued now and what the feed holds now.
func (o *outgoing) beginClose() {
	o.state = closing
	if o.feed != nil {
		o.feed = &remainder{o.feed, o.feed.Lag()}
	}
}

// end drops all queued data except the bytes that the writer has: the close frame
// must not follow an incomplete frame.
func (o *outgoing) end(closeFrame []byte) {
	o.state = closed
	o.feed, o.frames = nil, nil
	o.closeFrame = closeFrame
}

// fail drops everything after a failed write.
func (o *outgoing) fail() {
	*o = outgoing{state: o.state}
}

package fanout

import (
	"sync"
	"sync/atomic"

	"tsunagu/internal/packet"
)

// segmentSize is the room of a segment, in bytes. A line that is longer gets a
// segment of its own.
const segmentSize = 64 << 10

// A segment is a piece of the log. Its bytes up to used are written and never
// change; only the log's writer touches those beyond.
type segment struct {
	buf  []byte // of fixed length
	base int64  // position in the log of buf[0]
	used atomic.Int64
	next atomic.Pointer[segment]
}

// A Log is an append-only sequence of lines, ready as websocket frames. Emit
// and Cursor may be called concurrently.
type Log struct {
	end atomic.Int64 // position after the last line

	mu sync.Mutex
	// guarded by mu
	tail  *segment
	text  []byte // scratch: one packet
	frame []byte // scratch: the same as a frame
}

func newLog() *Log {
	return &Log{tail: &segment{buf: make([]byte, segmentSize)}}
}

// Emit appends one event with one text argument, encoded as a Socket.IO packet
// in an Engine.IO message in a websocket frame; all of them are the same in
// every protocol revision. Text that is not UTF-8 gets U+FFFD in place.
func (l *Log) Emit(event string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := append(l.text[:0], "42["...)
	b = packet.AppendJSONString(b, []byte(event))
	b = append(b, ',')
	b = packet.AppendJSONString(b, text)
	b = append(b, ']')
	l.frame = packet.AppendFrame(l.frame[:0], false, b)
	l.text = b
	l.append(l.frame)
	if cap(b) > segmentSize {
		l.text, l.frame = nil, nil // one long line must not cost for ever
	}
}

func (l *Log) append(frame []byte) {
	t := l.tail
	used := int(t.used.Load())
	if used+len(frame) > len(t.buf) {
		n := &segment{buf: make([]byte, max(segmentSize, len(frame))), base: t.base + int64(used)}
		copy(n.buf, frame)
		n.used.Store(int64(len(frame)))
		l.tail = n
		t.next.Store(n)
	} else {
		copy(t.buf[used:], frame)
		t.used.Store(int64(used + len(frame)))
	}
	l.end.Add(int64(len(frame)))
}

// Cursor returns a cursor at the end of the log.
func (l *Log) Cursor() *Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Cursor{log: l, seg: l.tail, off: l.tail.used.Load()}
}

// A Cursor is a place in a Log. It belongs to one reader; the log may grow
// while it is used.
type Cursor struct {
	log *Log
	seg *segment
	off int64 // in seg
}

// Next steps to the end, or to the end of a segment, and returns the frames on
// the way. They never change.
func (c *Cursor) Next() []byte {
	for {
		// The order matters: a segment that has a successor is complete.
		next := c.seg.next.Load()
		used := c.seg.used.Load()
		if used > c.off {
			b := c.seg.buf[c.off:used:used]
			c.off = used
			return b
		}
		if next == nil {
			return nil
		}
		c.seg, c.off = next, 0
	}
}

// Lag is the number of bytes from the cursor to the end.
func (c *Cursor) Lag() int {
	return int(c.log.end.Load() - c.seg.base - c.off)
}

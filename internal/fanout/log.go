package fanout

import (
	"sync"
	"sync/atomic"

	"tsunagu/internal/packet"
)

// segmentSize is the size of a segment in bytes. A longer line gets a segment of its
// own size.
const segmentSize = 64 << 10

// MaxLine is how many bytes a line may have in the log. Every client gets all of them,
// and one that polls gets a copy of its own. JSON makes six bytes of a control
// character and three of a byte that is not UTF-8. Lines come from clients of this
// node, whose text is shorter, and from everybody who can publish in Redis.
const MaxLine = 2 << 20

// A segment is a piece of the log. Its first used bytes never change; only Emit
// writes behind them.
type segment struct {
	buf  []byte // of fixed length
	base int64  // position in the log of buf[0]
	used atomic.Int64
	next atomic.Pointer[segment]
}

// A Log is an append-only sequence of lines, stored as websocket frames. Emit and
// Cursor may be called concurrently.
type Log struct {
	end atomic.Int64 // position after the last line

	mu   sync.Mutex
	tail *segment // guarded by mu
}

func newLog() *Log {
	return &Log{tail: &segment{buf: make([]byte, segmentSize)}}
}

// Emit appends one event with one text argument, as a Socket.IO packet in an
// Engine.IO message in a websocket frame. These bytes are the same in all protocol
// revisions. Bytes of text that are not UTF-8 become U+FFFD. A line that would be
// longer than MaxLine is not appended, and the result is false.
func (l *Log) Emit(event string, text []byte) bool {
	const prefix, separator, suffix = "42[", ",", "]"
	if len(text) > MaxLine {
		return false // before a copy of it is made
	}
	name := []byte(event)
	payload := len(prefix) + packet.JSONStringLen(name) + len(separator) + packet.JSONStringLen(text) + len(suffix)
	size := packet.FrameLen(payload)
	if size > MaxLine {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t, used := l.reserve(size)
	b := packet.AppendFrameHeader(t.buf[used:used:used+size], false, payload)
	b = append(b, prefix...)
	b = packet.AppendJSONString(b, name)
	b = append(b, separator...)
	b = packet.AppendJSONString(b, text)
	_ = append(b, suffix...) // the last of the reserved bytes
	t.used.Store(int64(used + size))
	if t != l.tail {
		l.tail.next.Store(t)
		l.tail = t
	}
	l.end.Add(int64(size))
	return true
}

// reserve returns a segment with room for n more bytes, and the number of its used
// bytes. The segment is the tail, or a new one that Emit links after writing. The
// caller holds mu.
func (l *Log) reserve(n int) (t *segment, used int) {
	t = l.tail
	used = int(t.used.Load())
	if used+n <= len(t.buf) {
		return t, used
	}
	return &segment{buf: make([]byte, max(segmentSize, n)), base: t.base + int64(used)}, 0
}

// Cursor returns a cursor at the end of the log.
func (l *Log) Cursor() *Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Cursor{log: l, seg: l.tail, off: l.tail.used.Load()}
}

// A Cursor is a position in a Log. One reader uses it, also while the log grows.
type Cursor struct {
	log *Log
	seg *segment
	off int64 // in seg
}

// Next returns the frames from the cursor to the end of its segment, or of the next
// segment with frames, and moves the cursor behind them. The bytes never change. It
// returns nil at the end of the log.
func (c *Cursor) Next() []byte {
	for {
		// In this order, because a segment with a successor is complete.
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

// Lag returns the number of bytes from the cursor to the end of the log.
func (c *Cursor) Lag() int {
	return int(c.log.end.Load() - c.seg.base - c.off)
}

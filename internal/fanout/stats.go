package fanout

import (
	"sync/atomic"
	"time"

	"tsunagu/internal/histogram"
)

// Stats are counters since New, but for Members and IOUring, which are now.
type Stats struct {
	Members int   // who is asked for bytes
	Lines   int64 // lines appended to the log
	TooLong int64 // lines dropped because they exceed MaxLine
	Bytes   int64 // bytes of the log, as frames
	Written int64 // bytes written to members' sockets
	IOUring bool  // every worker writes through io_uring
	// Delay is the time from Emit until a worker has made the writes of all its
	// members, those that poll or whose socket is full excepted. A worker counts
	// once for all the lines of one round, with the oldest of them.
	Delay histogram.Snapshot
}

// measures are what a worker counts.
type measures struct {
	epoch   time.Time
	since   atomic.Int64 // when the oldest line came that no round has begun with, in ns after epoch; 0 for none
	written atomic.Int64
	ring    atomic.Bool
	delay   histogram.Histogram
}

// emitted notes that there is a new line.
func (m *measures) emitted() {
	m.since.CompareAndSwap(0, max(1, int64(time.Since(m.epoch))))
}

// begin returns when the oldest line of a round came, 0 if there is none.
func (m *measures) begin() int64 { return m.since.Swap(0) }

// finish counts the delay of a round.
func (m *measures) finish(since int64) {
	if since != 0 {
		m.delay.Observe(time.Since(m.epoch) - time.Duration(since))
	}
}

// Stats returns the counters.
func (f *Fanout) Stats() Stats {
	s := Stats{Lines: f.lines.Load(), TooLong: f.tooLong.Load(), Bytes: f.end.Load(), IOUring: true}
	for _, w := range f.workers {
		w.mu.Lock()
		s.Members += len(w.members) - len(w.free)
		w.mu.Unlock()
		s.Written += w.count.written.Load()
		s.IOUring = s.IOUring && w.count.ring.Load()
		s.Delay.Add(w.count.delay.Snapshot())
	}
	return s
}

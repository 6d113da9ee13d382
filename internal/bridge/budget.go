package bridge

import (
	"container/list"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tsunagu/internal/engine"
)

const (
	// ioConnSize is what an ioConn counts, in bytes, whose handler runs on after the
	// session has ended: 22 KB, measured, most of them the stacks of go-socket.io's
	// goroutines, and the header of the session's first request, of at most 16 KB.
	ioConnSize = 40 << 10
	// warnInterval is the least time between two warnings of a budget.
	warnInterval = time.Minute
)

// A budget bounds the deliveries of all clients together, from when they are queued until
// their handlers have returned. Beyond it, packets wait in the goroutines that have read
// them, and end with their sessions. So a client that fills its queue, leaves and connects
// again adds nothing. Packets get room in the order in which they came.
//
// Only what a client sends waits for room. Other deliveries, such as the end of a session,
// are small and count at once.
type budget struct {
	// static after construction
	max    int64
	logger *slog.Logger

	bytes   atomic.Int64
	waiting atomic.Int64 // the length of waiters, for those who do not hold mu

	mu sync.Mutex
	// guarded by mu
	waiters list.List // of *waiter
	warned  time.Time // when the last warning was logged
	warning bool      // the log has a warning, and not its end
}

// A waiter is a packet that waits for room.
type waiter struct {
	size int
	room chan struct{} // closed when there is room, which counts from then on
}

// reserve counts a packet of a session. It waits until there is room and pauses the
// session meanwhile. It returns false, and counts nothing, if the session ends before.
// The caller holds no lock.
func (b *budget) reserve(s *engine.Session, size int) bool {
	if b.tryReserve(size) {
		return true
	}
	e := b.beginWait(size)
	handle := s.PauseUntil(e.Value.(*waiter).room)
	b.endWait(e)
	if !handle {
		b.release(size)
	}
	return handle
}

// tryReserve takes no lock. It does not overtake packets that wait.
func (b *budget) tryReserve(size int) bool {
	if b.waiting.Load() > 0 {
		return false
	}
	if b.bytes.Add(int64(size))-int64(size) < b.max {
		return true
	}
	b.bytes.Add(-int64(size)) // beginWait looks again
	return false
}

func (b *budget) beginWait(size int) *list.Element {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.waiters.PushBack(&waiter{size, make(chan struct{})})
	b.waiting.Store(int64(b.waiters.Len()))
	b.admitLocked()
	if b.waiters.Len() > 0 && !b.warning && time.Since(b.warned) >= warnInterval {
		b.warning, b.warned = true, time.Now()
		b.logger.Warn("handlers are blocked and the events that wait for them have reached the limit, "+
			"reading no more events from clients; if redis is away, bring it back", "bytes", b.bytes.Load(), "limit", b.max)
	}
	return e
}

// endWait ends the wait of a packet. If there is no room, its session is ending and does
// not wait for it.
func (b *budget) endWait(e *list.Element) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-e.Value.(*waiter).room:
	default:
		b.admitOneLocked(e)
	}
}

// admitLocked lets packets in while there is room.
func (b *budget) admitLocked() {
	for e := b.waiters.Front(); e != nil && b.bytes.Load() < b.max; e = b.waiters.Front() {
		b.admitOneLocked(e)
	}
}

func (b *budget) admitOneLocked(e *list.Element) {
	w := b.waiters.Remove(e).(*waiter)
	b.bytes.Add(int64(w.size))
	close(w.room)
	b.waiting.Store(int64(b.waiters.Len()))
	if b.waiters.Len() == 0 && b.warning {
		b.warning = false
		b.logger.Info("no more events wait at the limit, reading from all clients")
	}
}

// full reports whether packets have to wait.
func (b *budget) full() bool { return b.waiting.Load() > 0 || b.bytes.Load() >= b.max }

// add counts bytes at once.
func (b *budget) add(size int) { b.bytes.Add(int64(size)) }

// release ends the count of bytes, and lets packets in.
func (b *budget) release(size int) {
	b.bytes.Add(-int64(size))
	if b.waiting.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.admitLocked()
}

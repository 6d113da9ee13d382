package adapter

import (
	"log/slog"
	"sync"
	"time"
)

// buffer is the window that speakers fill and the publisher empties. A push
// waits while the buffer is full, and no line is ever dropped for want of room.
type buffer struct {
	// Static after construction.
	max     int // bytes that Redis does not have yet
	keep    int // bytes that Redis has
	keepFor time.Duration
	log     *slog.Logger
	epoch   time.Time
	more    chan struct{} // holds a token after a push

	mu     sync.Mutex
	room   sync.Cond // signaled when lines leave or the buffer closes
	win    window
	closed bool
	paused int  // pushes that wait
	full   bool // and the log knows
}

func newBuffer(cfg Config, run string) *buffer {
	b := &buffer{
		max: cfg.Buffer, keep: cfg.Buffer, keepFor: cfg.HoldTime, log: cfg.Logger,
		epoch: time.Now(), more: make(chan struct{}, 1), win: newWindow(run),
	}
	b.room.L = &b.mu
	return b
}

// push appends line, as soon as there is room.
func (b *buffer) push(line []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed && !b.fits(line) {
		if !b.full {
			b.full = true
			b.log.Warn("publish buffer full, pausing speakers until redis is back",
				"messages", b.win.waiting(), "bytes", b.win.pending)
		}
		b.paused++
		b.room.Wait()
		b.paused--
	}
	if b.closed {
		return ErrClosed
	}
	b.win.push(line)
	b.poke()
	return nil
}

// fits tells whether line has room; a line that is larger than the whole
// buffer has room in an empty one.
func (b *buffer) fits(line []byte) bool {
	return b.win.pending == 0 || b.win.pending+cost(line) <= b.max
}

// poke wakes the publisher.
func (b *buffer) poke() {
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// freed is called with mu held when lines have left.
func (b *buffer) freed() {
	if b.paused > 0 {
		b.room.Broadcast()
	}
	if b.full && b.win.pending <= b.max/2 {
		b.full = false
		b.log.Info("publish buffer has room, speakers continue")
	}
}

func (b *buffer) batch(maxLines, maxBytes int) batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.win.batch(maxLines, maxBytes)
}

// progress is what a watermark changed.
type progress struct {
	published   int // lines that Redis acknowledged for the first time
	again, gone int // as window.acknowledge says
}

// acknowledge takes the watermark that a call returned.
func (b *buffer) acknowledge(mark uint64) (p progress, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.win.quiet
	now := time.Since(b.epoch)
	if p.again, p.gone, err = b.win.acknowledge(mark, now); err != nil {
		return p, err
	}
	p.published = int(b.win.quiet - before)
	b.win.trim(now, b.keepFor, b.keep)
	b.freed()
	return p, nil
}

// run is the id of the current run.
func (b *buffer) run() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.win.run
}

// acknowledged is the highest number that Redis has.
func (b *buffer) acknowledged() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.win.acked
}

// drop gives up the first n waiting lines.
func (b *buffer) drop(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.win.drop(n)
	b.freed()
}

// renew begins a new run.
func (b *buffer) renew(run string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.win.renew(run)
}

// waiting is the number of lines that Redis does not have.
func (b *buffer) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.win.waiting()
}

// close refuses further lines, those of waiting pushes included; lines that
// are in the buffer can still be published.
func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.room.Broadcast()
}

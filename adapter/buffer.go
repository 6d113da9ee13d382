package adapter

import (
	"log/slog"
	"sync"
	"time"
)

// fullLogInterval is the shortest time between two log lines about a full
// buffer: while speakers are faster than Redis it is full again after each batch.
const fullLogInterval = time.Minute

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

	mu      sync.Mutex
	win     window
	pushed  int      // lines, ever
	waiters []waiter // pushes that wait for room, in order
	flushes []flush
	closed  bool
	full    bool      // the log says that the buffer is full
	warned  time.Time // when the log said so last
}

// A waiter is a push that waits for room.
type waiter struct {
	line   []byte
	result chan error // buffer of one; receives one value
}

func newBuffer(cfg Config, run string) *buffer {
	b := &buffer{
		max: cfg.Buffer, keep: cfg.Buffer, keepFor: cfg.HoldTime, log: cfg.Logger,
		epoch: time.Now(), more: make(chan struct{}, 1), win: newWindow(run),
	}
	return b
}

// push appends line as soon as there is room. Pushes get room in the order in
// which they came, so that long lines do not wait behind all short ones.
func (b *buffer) push(line []byte) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return ErrClosed
	}
	if len(b.waiters) == 0 && b.fits(line) {
		b.win.push(line)
		b.pushed++
		b.poke()
		b.mu.Unlock()
		return nil
	}
	b.warnFull()
	w := waiter{line: line, result: make(chan error, 1)}
	b.waiters = append(b.waiters, w)
	b.mu.Unlock()
	return <-w.result
}

func (b *buffer) warnFull() {
	if b.full || !b.warned.IsZero() && time.Since(b.warned) < fullLogInterval {
		return
	}
	b.full, b.warned = true, time.Now()
	b.log.Warn("publish buffer full, reading nothing from clients that send until redis takes messages",
		"messages", b.win.waiting(), "bytes", b.win.pending)
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

// freed is called with mu held when lines have left. It gives room to those
// that wait.
func (b *buffer) freed() {
	b.endFlushes()
	n := 0
	for n < len(b.waiters) && b.fits(b.waiters[n].line) {
		b.win.push(b.waiters[n].line)
		b.waiters[n].result <- nil
		n++
	}
	if n > 0 {
		b.pushed += n
		b.poke()
	}
	clear(b.waiters[:n])
	if b.waiters = b.waiters[n:]; len(b.waiters) == 0 {
		b.waiters = nil // the array of a flood is not kept
	}
	if b.full && b.win.waiting() == 0 {
		b.full = false
		b.log.Info("publish buffer is empty again")
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
	for _, w := range b.waiters {
		w.result <- ErrClosed
	}
	b.waiters = nil
}

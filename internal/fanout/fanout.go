package fanout

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"tsunagu/internal/uring"
)

// A Reader is told that there is more in the log. It must not block. What it
// has to write it may leave to the batch, if that is not full.
type Reader interface {
	Flush(*uring.Batch)
}

// A Fanout is a log with its readers. All methods may be called concurrently.
type Fanout struct {
	*Log
	workers []*worker
	turn    atomic.Uint32 // whose turn it is to take a reader
	stop    chan struct{}
	running sync.WaitGroup
}

// Config holds what a Fanout can be told.
type Config struct {
	// NoIOUring makes every write a system call of its own, also where the
	// kernel offers io_uring. Default: io_uring is used where it can be.
	NoIOUring bool
	// Logger is told whether io_uring is used. Default: nobody is.
	Logger *slog.Logger
}

// New starts the workers, one for every two processors: a write on a busy
// machine wakes somebody who wants the other one, and workers that take all of
// them cost more than they save.
func New(cfg Config) *Fanout {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fanout{Log: newLog(), stop: make(chan struct{})}
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		w := &worker{wake: make(chan struct{}, 1), logger: cfg.Logger}
		if !cfg.NoIOUring {
			w.out = newBatch(cfg.Logger)
		}
		f.workers = append(f.workers, w)
		f.running.Go(func() { w.run(f.stop) })
	}
	return f
}

// newBatch returns nil where there is no io_uring, which is no fault: most
// containers have none.
func newBatch(logger *slog.Logger) *uring.Batch {
	b, err := uring.New()
	if err != nil {
		logger.Debug("io_uring is not available, using write(2)", "err", err)
		return nil
	}
	return b
}

// Close stops the workers and waits for them.
func (f *Fanout) Close() {
	close(f.stop)
	f.running.Wait()
}

// Emit appends a line and wakes the workers.
func (f *Fanout) Emit(event string, text []byte) {
	f.Log.Emit(event, text)
	for _, w := range f.workers {
		w.rouse()
	}
}

// A Membership is a reader's place among the readers.
type Membership struct {
	worker *worker
	index  int // in worker.readers
}

// Join makes r one of the readers: from now on it is told of new lines. Its
// cursor is to be taken afterwards, or a line in between would wait, unheard
// of, for the next one.
func (f *Fanout) Join(r Reader) Membership {
	w := f.workers[int(f.turn.Add(1))%len(f.workers)]
	return Membership{w, w.add(r)}
}

// Leave ends a membership. It must be called once only.
func (m Membership) Leave() { m.worker.remove(m.index) }

// A worker tells its share of the readers.
type worker struct {
	wake   chan struct{} // room for one: to be woken twice is to be woken
	logger *slog.Logger
	out    *uring.Batch // nil where there is none

	mu sync.Mutex
	// guarded by mu. A place keeps its index, so that nobody is missed when
	// others leave during a round; those left are used again.
	readers []Reader
	vacant  []int
}

func (w *worker) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) add(r Reader) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.vacant); n > 0 {
		i := w.vacant[n-1]
		w.vacant = w.vacant[:n-1]
		w.readers[i] = r
		return i
	}
	w.readers = append(w.readers, r)
	return len(w.readers) - 1
}

func (w *worker) remove(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readers[i] = nil
	w.vacant = append(w.vacant, i)
	if len(w.vacant) == len(w.readers) {
		w.readers, w.vacant = nil, nil // give back what a crowd has used
	}
}

func (w *worker) run(stop <-chan struct{}) {
	defer func() { w.out.Close() }()
	for {
		select {
		case <-stop:
			return
		case <-w.wake:
			w.round()
		}
	}
}

// atOnce is how many readers a worker takes from the list at a time, so that
// the list is never locked while they are written to, and a batch has room for
// them all.
const atOnce = uring.Size

// round tells every reader once. Lines that come meanwhile wake the worker
// again.
func (w *worker) round() {
	var some [atOnce]Reader
	for at := 0; ; at += atOnce {
		w.mu.Lock()
		if at >= len(w.readers) {
			w.mu.Unlock()
			return
		}
		n := copy(some[:], w.readers[at:])
		w.mu.Unlock()
		for _, r := range some[:n] {
			if r != nil {
				r.Flush(w.out)
			}
		}
		w.send()
		clear(some[:n])
	}
}

// send makes the writes that the readers have left to the batch.
func (w *worker) send() {
	if err := w.out.Send(); err != nil {
		w.logger.Warn("io_uring failed, falling back to write(2)", "err", err)
		w.out.Close()
		w.out = nil
	}
}

package fanout

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"tsunagu/internal/uring"
)

// A Member reads the log and writes to one client. Its methods must not block.
type Member interface {
	// Stage returns bytes that are to be written to the non-blocking socket fd.
	// They do not change, and fd stays open, until Wrote is called. No bytes
	// mean that there is nothing to do for the caller.
	Stage() (fd int, p []byte)
	// Wrote is called once for each Stage that returned bytes. The first n of
	// them were written; fewer than all of them is no error. The result tells
	// that there is more to stage.
	Wrote(n int, err error) (more bool)
}

// A Fanout is a log with its members. All methods may be called concurrently.
type Fanout struct {
	*Log
	workers []*worker
	joined  atomic.Uint32 // members so far, to spread them over the workers
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
		w := &worker{wake: make(chan struct{}, 1), logger: cfg.Logger, out: newBatch(cfg)}
		f.workers = append(f.workers, w)
		f.running.Go(func() { w.run(f.stop) })
	}
	return f
}

// A batch gathers writes to sockets and makes them; uring.Batch says how. Where
// there is no io_uring, a directBatch does the same with write(2).
type batch interface {
	Add(fd int, p []byte)
	Send(report func(i, n int, err error)) error
	Close()
}

func newBatch(cfg Config) batch {
	if cfg.NoIOUring {
		return &directBatch{}
	}
	b, err := uring.New()
	if err != nil { // no fault: most containers have none
		cfg.Logger.Debug("io_uring is not available, using write(2)", "err", err)
		return &directBatch{}
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
		w.notify()
	}
}

// A Membership is a member's place among the members.
type Membership struct {
	worker *worker
	index  int // in worker.members
}

// Join makes m a member: from now on it is asked for bytes when there is a new
// line. Its cursor is to be taken afterwards; a line that came in between would
// wait for the next one.
func (f *Fanout) Join(m Member) Membership {
	w := f.workers[int(f.joined.Add(1))%len(f.workers)]
	return Membership{w, w.add(m)}
}

// Leave ends a membership. It must be called once only.
func (m Membership) Leave() { m.worker.remove(m.index) }

package fanout

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tsunagu/internal/panics"
	"tsunagu/internal/uring"
)

// A Member reads the log and writes to one client. Its methods must not block. If one
// of them panics the others still get their lines.
type Member interface {
	// Stage returns bytes to write to the non-blocking socket fd. They do not
	// change, and fd stays open, until Wrote is called. If there are no bytes,
	// the caller has nothing to do.
	Stage() (fd int, p []byte)
	// Wrote is called once after each Stage that returned bytes. The first n of
	// them were written; fewer than all of them is no error. The result is
	// whether Stage has more bytes.
	Wrote(n int, err error) (more bool)
	// Abort is called after a panic of Stage or Wrote. It is to end the member.
	Abort()
}

// A Fanout is a log and its members. All methods may be called concurrently.
type Fanout struct {
	*Log
	workers []*worker
	logger  *slog.Logger
	joined  atomic.Uint32 // number of Joins, to spread members over the workers
	lines   atomic.Int64
	tooLong atomic.Int64 // lines that were dropped
	stop    chan struct{}
	running sync.WaitGroup
}

// Config holds the settings of a Fanout.
type Config struct {
	// NoIOUring makes every write a separate system call. Default: io_uring is
	// used if the kernel offers it.
	NoIOUring bool
	// Panics gets the panics of members. Default: nobody is told.
	Panics *panics.Recorder
	// Logger receives a message if io_uring is not available and for each line that
	// is too long, at debug level, and a warning if io_uring fails. Default: no log.
	Logger *slog.Logger
}

// New starts the workers, one for every two processors: writes wake the receiving
// processes, which need processors too.
func New(cfg Config) *Fanout {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fanout{Log: newLog(), logger: cfg.Logger, stop: make(chan struct{})}
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		w := &worker{wake: make(chan struct{}, 1), panics: cfg.Panics, logger: cfg.Logger, out: newBatch(cfg)}
		_, direct := w.out.(*directBatch)
		w.count.ring.Store(!direct)
		w.count.epoch = time.Now()
		f.workers = append(f.workers, w)
		f.running.Go(func() { w.run(f.stop) })
	}
	return f
}

// A batch collects writes to sockets and makes them, as uring.Batch documents.
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
	if err != nil { // normal in containers
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

// Emit appends a line to the log and wakes the workers. It does not block for
// clients. It drops a line that is longer than MaxLine as JSON, and counts it.
func (f *Fanout) Emit(event string, text []byte) {
	if !f.Log.Emit(event, text) {
		f.tooLong.Add(1)
		f.logger.Debug("line dropped: too long for clients as JSON", "bytes", len(text), "limit", MaxLine)
		return
	}
	f.lines.Add(1)
	for _, w := range f.workers {
		w.count.emitted()
		w.notify()
	}
}

// A Membership is the membership of one member, returned by Join.
type Membership struct {
	worker *worker
	index  int // in worker.members
}

// Join adds m to the members. From now on a worker calls m.Stage after each new line.
// The caller takes m's cursor after Join: with an earlier cursor, a line between the
// two would wait for the next line.
func (f *Fanout) Join(m Member) Membership {
	w := f.workers[int(f.joined.Add(1))%len(f.workers)]
	return Membership{w, w.add(m)}
}

// Leave removes the member. It must be called only once.
func (m Membership) Leave() { m.worker.remove(m.index) }

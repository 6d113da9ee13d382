package fanout

import (
	"errors"
	"log/slog"
	"sync"

	"tsunagu/internal/panics"
	"tsunagu/internal/uring"
)

// A worker writes to its share of the members.
type worker struct {
	wake   chan struct{} // buffer of one: one pending wake-up is enough
	panics *panics.Recorder
	logger *slog.Logger
	count  measures

	// owned by run
	out     batch
	written int64 // bytes, so far

	mu sync.Mutex
	// guarded by mu. A member keeps its index, so that round skips no member when
	// others leave; free indexes are used again.
	members []Member
	free    []int
}

// notify wakes the worker.
func (w *worker) notify() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) add(m Member) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.free); n > 0 {
		i := w.free[n-1]
		w.free = w.free[:n-1]
		w.members[i] = m
		return i
	}
	w.members = append(w.members, m)
	return len(w.members) - 1
}

func (w *worker) remove(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[i] = nil
	w.free = append(w.free, i)
	if len(w.free) == len(w.members) {
		w.members, w.free = nil, nil // free the memory
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

// round calls Stage of every member once, and writes in batches. It does not hold
// mu while it writes. Lines that arrive during a round wake the worker again.
func (w *worker) round() {
	since := w.count.begin()
	var members [uring.Size]Member
	var writes [uring.Size]stagedWrite
	for at := 0; ; at += len(members) {
		n := w.copyMembers(members[:], at)
		if n == 0 {
			w.count.finish(since)
			return
		}
		staged := w.stage(members[:n], &writes)
		w.write(writes[:staged])
	}
}

// A stagedWrite is what a member's Stage has returned.
type stagedWrite struct {
	member Member
	fd     int
	p      []byte
}

// stage calls Stage of each member and returns the number of writes. A panic costs that
// member only: stage goes on with the next one. One deferred call for all members costs
// less than one each.
func (w *worker) stage(members []Member, writes *[uring.Size]stagedWrite) (staged int) {
	for next := 0; next < len(members); {
		func() {
			defer w.panics.Recover(panics.Fanout, func() { members[next-1].Abort() })
			for next < len(members) {
				m := members[next]
				next++
				if m == nil {
					continue
				}
				if fd, p := m.Stage(); len(p) > 0 {
					writes[staged] = stagedWrite{m, fd, p}
					staged++
				}
			}
		}()
	}
	return staged
}

// wrote calls m.Wrote. A panic costs that member only.
func (w *worker) wrote(m Member, n int, err error) (more bool) {
	defer w.panics.Recover(panics.Fanout, m.Abort)
	return m.Wrote(n, err)
}

// copyMembers copies members from index at to dst. It returns 0 if there are none.
func (w *worker) copyMembers(dst []Member, at int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at >= len(w.members) {
		return 0
	}
	return copy(dst, w.members[at:])
}

// errBatchPanic is the error of a write whose batch has panicked. Any number of its bytes
// may have been written.
var errBatchPanic = errors.New("the result of a write is not known after a panic")

// write makes the writes in one batch.
func (w *worker) write(writes []stagedWrite) {
	reported := 0
	defer w.panics.Recover(panics.Fanout, func() { w.abandonBatch(writes[reported:]) })
	for _, write := range writes {
		w.out.Add(write.fd, write.p)
	}
	err := w.out.Send(func(i, n int, err error) {
		reported = i + 1
		w.written += int64(n)
		if w.wrote(writes[i].member, n, err) {
			w.notify()
		}
	})
	w.count.written.Store(w.written)
	if err != nil {
		w.logger.Warn("io_uring failed, falling back to write(2)", "err", err)
		w.replaceBatch().Close()
	}
}

// abandonBatch is called after a panic of the batch. The members whose writes it has not
// reported get an error, which ends them.
func (w *worker) abandonBatch(writes []stagedWrite) {
	old := w.replaceBatch()
	defer old.Close() // last, because it may panic, too
	for _, write := range writes {
		w.wrote(write.member, 0, errBatchPanic)
	}
	w.logger.Warn("a batch of writes panicked, falling back to write(2)", "clients closed", len(writes))
}

// replaceBatch makes the worker use write(2), and returns the batch that it has used.
func (w *worker) replaceBatch() (old batch) {
	old = w.out
	w.out = &directBatch{}
	w.count.ring.Store(false)
	return old
}

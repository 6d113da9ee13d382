package fanout

import (
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
	var members, writing [uring.Size]Member
	for at := 0; ; at += len(members) {
		n := w.copyMembers(members[:], at)
		if n == 0 {
			w.count.finish(since)
			return
		}
		staged := w.stage(members[:n], &writing)
		w.write(writing[:staged])
	}
}

// stage calls Stage of each member. It adds what they write to the batch and the members
// that do to writing, and returns their number. A panic costs that member only: stage
// goes on with the next one. One deferred call for all members costs less than one each.
func (w *worker) stage(members []Member, writing *[uring.Size]Member) (staged int) {
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
					w.out.Add(fd, p)
					writing[staged] = m
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

// write sends the batch, which has one write for each of members.
func (w *worker) write(members []Member) {
	err := w.out.Send(func(i, n int, err error) {
		w.written += int64(n)
		if w.wrote(members[i], n, err) {
			w.notify()
		}
	})
	w.count.written.Store(w.written)
	if err != nil {
		w.logger.Warn("io_uring failed, falling back to write(2)", "err", err)
		w.out.Close()
		w.out = &directBatch{}
		w.count.ring.Store(false)
	}
}

package fanout

import (
	"log/slog"
	"sync"

	"tsunagu/internal/uring"
)

// A worker writes for its share of the members.
type worker struct {
	wake   chan struct{} // room for one: a second wake-up adds nothing
	logger *slog.Logger
	out    batch // owned by run

	mu sync.Mutex
	// guarded by mu. A place keeps its index, so that no member is missed when
	// others leave during a round; free places are used again.
	members []Member
	free    []int
}

// notify tells the worker that there are new lines.
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
		w.members, w.free = nil, nil // give back what a crowd has used
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

// round asks every member once for what it has to write, and writes for as many
// at a time as fit into a batch. The list is not locked meanwhile. Lines that
// come during a round wake the worker again.
func (w *worker) round() {
	var members, writing [uring.Size]Member
	for at := 0; ; at += len(members) {
		n := w.copyMembers(members[:], at)
		if n == 0 {
			return
		}
		staged := 0
		for _, m := range members[:n] {
			if m == nil {
				continue
			}
			if fd, p := m.Stage(); len(p) > 0 {
				w.out.Add(fd, p)
				writing[staged] = m
				staged++
			}
		}
		w.write(writing[:staged])
	}
}

// copyMembers copies those from place at on. None means that there are no more.
func (w *worker) copyMembers(dst []Member, at int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at >= len(w.members) {
		return 0
	}
	return copy(dst, w.members[at:])
}

// write makes the writes that were added to the batch, one for each member.
func (w *worker) write(members []Member) {
	err := w.out.Send(func(i, n int, err error) {
		if members[i].Wrote(n, err) {
			w.notify()
		}
	})
	if err != nil {
		w.logger.Warn("io_uring failed, falling back to write(2)", "err", err)
		w.out.Close()
		w.out = &directBatch{}
	}
}

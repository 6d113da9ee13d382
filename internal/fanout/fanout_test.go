package fanout

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tsunagu/internal/uring"
)

// A listener is a reader that keeps what it reads.
type listener struct {
	mu     sync.Mutex
	cursor *Cursor
	heard  []string
	news   chan struct{} // room for one
}

func listen(f *Fanout) (*listener, Membership) {
	r := &listener{news: make(chan struct{}, 1)}
	m := f.Join(r)
	r.mu.Lock()
	r.cursor = f.Cursor()
	r.mu.Unlock()
	return r, m
}

func (r *listener) Flush(*uring.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cursor == nil {
		return
	}
	r.heard = append(r.heard, lines(r.cursor)...)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// await waits until n lines were heard.
func (r *listener) await(t *testing.T, n int) []string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		r.mu.Lock()
		heard := r.heard
		r.mu.Unlock()
		if len(heard) >= n {
			return heard
		}
		select {
		case <-r.news:
		case <-late:
			t.Fatalf("%d lines heard after 10 seconds, want %d", len(heard), n)
		}
	}
}

func TestEveryReaderHearsEveryLineOnceInOrder(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	const readers, total = 3*atOnce + 7, 500
	var all []*listener
	for range readers {
		r, _ := listen(f)
		all = append(all, r)
	}
	for i := range total {
		f.Emit("chat", fmt.Append(nil, i))
	}
	for n, r := range all {
		heard := r.await(t, total)
		for i, line := range heard {
			if want := fmt.Sprintf(`42["chat","%d"]`, i); line != want {
				t.Fatalf("reader %d heard %q as line %d, want %q", n, line, i, want)
			}
		}
	}
}

func TestComingAndGoingCostsOthersNothing(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	stays, _ := listen(f)
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	for range 4 {
		crowd.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, m := listen(f)
				m.Leave()
			}
		})
	}
	const total = 2000
	for i := range total {
		f.Emit("chat", fmt.Append(nil, i))
	}
	stays.await(t, total)
	close(stop)
	crowd.Wait()
	// A newcomer hears the very next line, whatever places the crowd left.
	fresh, _ := listen(f)
	f.Emit("chat", []byte("next"))
	if heard := fresh.await(t, 1); heard[0] != `42["chat","next"]` {
		t.Errorf("a newcomer heard %q, want the next line alone", heard)
	}
}

func TestLeavingEndsIt(t *testing.T) {
	f := New(Config{})
	defer f.Close()
	gone, m := listen(f)
	m.Leave()
	stays, _ := listen(f)
	f.Emit("chat", []byte("x"))
	stays.await(t, 1)
	for _, w := range f.workers {
		w.mu.Lock()
		for _, r := range w.readers {
			if r == Reader(gone) {
				t.Error("a reader that has left is still on a worker's list")
			}
		}
		w.mu.Unlock()
	}
}

// mute is a reader that does what a session does, without a socket.
type mute struct {
	mu     sync.Mutex
	cursor *Cursor
}

func (m *mute) Flush(*uring.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.cursor.Next()) > 0 {
	}
}

func BenchmarkRound(b *testing.B) {
	l := newLog()
	w := &worker{}
	for range 1000 {
		w.add(&mute{cursor: l.Cursor()})
	}
	text := []byte("a line of the length that people type")
	b.ReportAllocs()
	for b.Loop() {
		l.Emit("chat", text)
		w.round()
	}
}

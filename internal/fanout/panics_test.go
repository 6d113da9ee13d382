package fanout

import (
	"bytes"
	"io"
	"log/slog"
	"syscall"
	"testing"

	"tsunagu/internal/panics"
)

// A brokenMember panics in Stage, or in Wrote if it has a socket.
type brokenMember struct {
	fd      int // 0: none
	aborted chan bool
}

func (m *brokenMember) Stage() (int, []byte) {
	if m.fd == 0 {
		panic("Stage broke")
	}
	return m.fd, []byte("x")
}

func (m *brokenMember) Wrote(int, error) bool { panic("Wrote broke") }

func (m *brokenMember) Abort() {
	select {
	case m.aborted <- true:
	default:
	}
	panic("Abort broke, too")
}

// A member that panics is told to end, and the others of its worker get their lines.
func TestPanickingMembers(t *testing.T) {
	for name, cfg := range map[string]Config{"io_uring, if available": {}, "write": {NoIOUring: true}} {
		t.Run(name, func(t *testing.T) {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(fds[0])
			defer syscall.Close(fds[1])
			cfg.Panics = panics.New(nil)
			f := New(cfg)
			defer f.Close()
			inStage := &brokenMember{aborted: make(chan bool, 1)}
			inWrote := &brokenMember{fd: fds[0], aborted: make(chan bool, 1)}
			var clients []io.Reader
			for range 2 * len(f.workers) { // before and behind the broken members
				f.Join(inStage)
				f.Join(inWrote)
				_, client := newSocketMember(t, f)
				clients = append(clients, client)
			}
			f.Emit("chat", []byte("hello"))
			<-inStage.aborted
			<-inWrote.aborted
			f.Emit("chat", []byte("again"))
			for i, client := range clients {
				got := make([]byte, 2*(len(`42["chat","hello"]`)+2))
				if _, err := io.ReadFull(client, got); err != nil || !bytes.HasSuffix(got, []byte(`"again"]`)) {
					t.Errorf("client %d got %q, error %v", i, got, err)
				}
			}
			if n := cfg.Panics.Counts()[panics.Fanout]; n < 4 { // each panics in Abort as well
				t.Errorf("%d panics were counted, want 4 or more", n)
			}
		})
	}
}

// A panickingBatch panics in Add or Close, or in Send behind some reports.
type panickingBatch struct {
	directBatch
	inAdd   bool
	reports int
	closed  bool
}

func (b *panickingBatch) Add(fd int, p []byte) {
	if b.inAdd && b.n == 1 {
		panic("Add broke")
	}
	b.directBatch.Add(fd, p)
}

func (b *panickingBatch) Send(report func(i, n int, err error)) error {
	b.n = b.reports
	b.directBatch.Send(report)
	panic("Send broke")
}

func (b *panickingBatch) Close() {
	b.closed = true
	panic("Close broke, too")
}

// A reportedMember records how its writes ended.
type reportedMember struct {
	fd       int
	reported []error
}

func (m *reportedMember) Stage() (int, []byte) { return m.fd, []byte("x") }
func (m *reportedMember) Abort()               {}
func (m *reportedMember) Wrote(n int, err error) bool {
	m.reported = append(m.reported, err)
	return false
}

// After a panic of the batch each member is told once what became of its write, and the
// worker goes on with write(2).
func TestPanickingBatch(t *testing.T) {
	for _, broken := range []*panickingBatch{{inAdd: true}, {reports: 0}, {reports: 2}} {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fds[0])
		defer syscall.Close(fds[1])
		recorder := panics.New(nil)
		w := &worker{wake: make(chan struct{}, 1), panics: recorder, logger: slog.New(slog.DiscardHandler), out: broken}
		w.count.ring.Store(true)
		var members []*reportedMember
		for range 4 {
			m := &reportedMember{fd: fds[0]}
			w.add(m)
			members = append(members, m)
		}
		w.round()
		for i, m := range members {
			if known := i < broken.reports; len(m.reported) != 1 || (m.reported[0] == nil) != known {
				t.Errorf("after %d reports member %d was told %v, want one report, and an error unless its write is known", broken.reports, i, m.reported)
			}
		}
		if n := recorder.Counts()[panics.Fanout]; n != 2 || !broken.closed || w.count.ring.Load() {
			t.Errorf("%d panics were counted, want that of the batch and that of its Close; closed: %t, io_uring in use: %t", n, broken.closed, w.count.ring.Load())
		}
		w.round()
		for i, m := range members {
			if len(m.reported) != 2 || m.reported[1] != nil {
				t.Errorf("in the next round member %d was told %v, want no error", i, m.reported)
			}
		}
	}
}

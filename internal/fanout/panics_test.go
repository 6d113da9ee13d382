package fanout

import (
	"bytes"
	"io"
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

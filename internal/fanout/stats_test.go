package fanout

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/uring"
)

func TestStats(t *testing.T) {
	f := New(Config{})
	ring, err := uring.New()
	if err == nil {
		ring.Close()
	}
	if got := f.Stats(); got.IOUring != (err == nil) {
		t.Errorf("io_uring in use: %t; to open one gives the error %v", got.IOUring, err)
	}
	_, client := newSocketMember(t, f)
	_, m := listen(f)
	frame := packet.AppendFrame(nil, false, []byte(`42["chat","hello"]`))
	const lines = 10
	for range lines {
		f.Emit("chat", []byte("hello"))
	}
	f.Emit("chat", make([]byte, MaxLine))
	if _, err := io.ReadFull(client, make([]byte, lines*len(frame))); err != nil {
		t.Error(err)
	}
	f.Close() // so that the workers have counted their last round
	s := f.Stats()
	if want := int64(lines * len(frame)); s.Lines != lines || s.Bytes != want || s.Written != want {
		t.Errorf("%d lines, %d bytes, %d written; want %d lines of %d bytes together, written once", s.Lines, s.Bytes, s.Written, lines, want)
	}
	if s.TooLong != 1 {
		t.Errorf("%d lines count as too long, want 1", s.TooLong)
	}
	rounds := int64(0)
	for _, n := range s.Delay.Counts {
		rounds += n
	}
	if most := int64(lines * len(f.workers)); rounds < 1 || rounds > most || s.Delay.Sum <= 0 {
		t.Errorf("%d rounds of together %v s are measured, want up to %d", rounds, s.Delay.Sum, most)
	}
	if s.Members != 2 {
		t.Errorf("%d members, want 2", s.Members)
	}
	m.Leave()
	if n := f.Stats().Members; n != 1 {
		t.Errorf("%d members after one has left, want 1", n)
	}
}

// A round's delay counts from its oldest line, and a round without one counts
// for nothing.
func TestDelayOfARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := measures{epoch: time.Now()}
		<-time.After(time.Second)
		m.emitted()
		<-time.After(time.Second)
		m.emitted()
		since := m.begin()
		<-time.After(time.Second)
		m.finish(since)
		m.finish(m.begin())
		if got := m.delay.Snapshot(); got.Sum != 2 {
			t.Errorf("delays of %v s were counted, want one of 2 s", got)
		}
	})
}

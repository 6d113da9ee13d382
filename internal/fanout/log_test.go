package fanout

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tsunagu/internal/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines returns the lines behind a cursor.
func lines(c *Cursor) []string {
	var all []string
	for b := c.Next(); len(b) > 0; b = c.Next() {
		for len(b) > 0 {
			var text []byte
			text, b = packet.NextFrame(b)
			all = append(all, string(text))
		}
	}
	return all
}

func TestEmit(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"plain", "hello", `42["chat","hello"]`},
		{"nothing", "", `42["chat",""]`},
		{"quotes and newlines", "a\"b\\c\nd\x01", `42["chat","a\"b\\c\nd\u0001"]`},
		{"Japanese and emoji", "こんにちは😀", `42["chat","こんにちは😀"]`},
		{"not UTF-8", "a\xffb", "42[\"chat\",\"a\ufffdb\"]"},
		{"markup", "<b>&\u2028", "42[\"chat\",\"<b>&\u2028\"]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLog()
			at := l.Cursor()
			l.Emit("chat", []byte(c.line))
			if got := lines(at); len(got) != 1 || got[0] != c.want {
				t.Errorf("the line %q was encoded as %q, want one packet %q", c.line, got, c.want)
			}
		})
	}
}

// A line may be long, but not as JSON: one byte can become six.
func TestEmitBoundsALine(t *testing.T) {
	const around = len("\x81\x7f12345678" + `42["chat",""]`)
	for _, c := range []struct {
		name string
		line []byte
		want bool
	}{
		{"at the limit", bytes.Repeat([]byte("x"), MaxLine-around), true},
		{"above the limit", bytes.Repeat([]byte("x"), MaxLine-around+1), false},
		{"at the limit, of quotes", bytes.Repeat([]byte(`"`), (MaxLine-around)/2), true},
		{"above the limit, of quotes", bytes.Repeat([]byte(`"`), (MaxLine-around)/2+1), false},
		{"above the limit, of control characters", make([]byte, MaxLine/5), false},
		{"above the limit, of bytes that are not UTF-8", bytes.Repeat([]byte{0xff}, MaxLine/2), false},
		{"far above the limit", make([]byte, 64<<20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLog()
			at := l.Cursor()
			if got := l.Emit("chat", c.line); got != c.want {
				t.Errorf("Emit returns %v, want %v", got, c.want)
			}
			if lag := at.Lag(); lag > MaxLine || (lag > 0) != c.want {
				t.Errorf("the log has %d more bytes", lag)
			}
			l.Emit("chat", []byte("next"))
			if got := lines(at); got[len(got)-1] != `42["chat","next"]` {
				t.Errorf("the last line is %.60q, want the next one", got[len(got)-1])
			}
		})
	}
}

func TestCursorAcrossSegments(t *testing.T) {
	l := newLog()
	start := l.Cursor()
	var want []string
	for i := range 2000 {
		text := fmt.Sprintf("%d %s", i, strings.Repeat("x", i%300))
		if i%500 == 499 {
			text += strings.Repeat("y", 3*segmentSize) // longer than a segment
		}
		l.Emit("chat", []byte(text))
		want = append(want, `42["chat","`+text+`"]`)
	}
	before := start.Lag()
	got := lines(start)
	if len(got) != len(want) {
		t.Fatalf("%d lines arrived, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("line %d differs", i)
		}
	}
	if before <= 0 || start.Lag() != 0 {
		t.Errorf("lag is %d bytes before reading and %d after, want more than 0 and 0", before, start.Lag())
	}
}

func TestCursorAtTheEnd(t *testing.T) {
	l := newLog()
	l.Emit("chat", []byte("before"))
	c := l.Cursor()
	if b := c.Next(); b != nil || c.Lag() != 0 {
		t.Errorf("a new cursor returns %q, want nothing", b)
	}
	l.Emit("chat", []byte("after"))
	if got := lines(c); len(got) != 1 || !strings.Contains(got[0], "after") {
		t.Errorf("a cursor returns %q, want only the line after it", got)
	}
}

func TestReadBytesDoNotChange(t *testing.T) {
	l := newLog()
	c := l.Cursor()
	l.Emit("chat", []byte("one"))
	b := c.Next()
	kept := bytes.Clone(b)
	if cap(b) != len(b) {
		t.Error("an append to the bytes of a reader would overwrite the log")
	}
	for range 100 {
		l.Emit("chat", []byte("another line"))
	}
	if !bytes.Equal(b, kept) {
		t.Error("bytes that Next returned have changed")
	}
}

func TestReadSegmentsAreFreed(t *testing.T) {
	l := newLog()
	c := l.Cursor()
	freed := make(chan struct{})
	runtime.AddCleanup(c.seg, func(struct{}) { close(freed) }, struct{}{})
	long := bytes.Repeat([]byte("x"), segmentSize/2)
	for range 4 {
		l.Emit("chat", long)
		lines(c)
	}
	for {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-t.Context().Done():
			t.Fatal("a segment without readers is not freed")
		default:
			runtime.Gosched()
		}
	}
}

func BenchmarkEmit(b *testing.B) {
	for _, size := range []int{16, 256, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := newLog()
			text := bytes.Repeat([]byte("x"), size)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				l.Emit("chat", text)
			}
		})
	}
}

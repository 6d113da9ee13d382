package adapter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/alicebob/miniredis/v2"
)

// smallBuffer is a buffer for four lines of one byte, with its log.
func smallBuffer() (*buffer, *logbook) {
	book := &logbook{}
	return newBuffer(Config{Buffer: 4 * cost([]byte("x")), Logger: book.logger()}.withDefaults(), "A"), book
}

func TestPushWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, book := smallBuffer()
		for range 4 {
			if err := b.push([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		var pushing sync.WaitGroup
		var took [3]bool
		for i := range took {
			pushing.Go(func() {
				if err := b.push([]byte("y")); err != nil {
					t.Errorf("push: %v", err)
				}
				took[i] = true
			})
		}
		synctest.Wait()
		if took != [3]bool{} || b.waiting() != 4 {
			t.Errorf("%v went into a full buffer of %d", took, b.waiting())
		}
		if _, err := b.acknowledge(1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if b.waiting() != 4 {
			t.Errorf("%d lines wait after one has left, want 4 again", b.waiting())
		}
		if _, err := b.acknowledge(5); err != nil {
			t.Fatal(err)
		}
		pushing.Wait()
		if book.count("publish buffer full, pausing speakers until redis is back") != 1 || book.count("speakers continue") != 1 {
			t.Errorf("want one line for full and one for room, got:\n%s", book)
		}
	})
}

func TestPushEndsWithTheBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := smallBuffer()
		for range 4 {
			if err := b.push([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		answer := make(chan error, 1)
		go func() { answer <- b.push([]byte("y")) }()
		synctest.Wait()
		b.close()
		if err := <-answer; !errors.Is(err, ErrClosed) {
			t.Errorf("push: %v, want ErrClosed", err)
		}
		if b.waiting() != 4 {
			t.Errorf("%d lines wait, want the 4 that were taken", b.waiting())
		}
	})
}

// A line that is larger than the buffer goes alone and does not wait for ever.
func TestPushHugeLine(t *testing.T) {
	b, _ := smallBuffer()
	if err := b.push(make([]byte, 10_000)); err != nil {
		t.Error(err)
	}
}

func TestLongLineIsRefused(t *testing.T) {
	a := New(nil, Config{MaxLine: 10})
	if err := a.Publish([]byte(strings.Repeat("x", 11))); !errors.Is(err, ErrTooLong) {
		t.Errorf("Publish: %v, want ErrTooLong", err)
	}
	if err := a.Publish([]byte(strings.Repeat("x", 10))); err != nil {
		t.Errorf("Publish: %v", err)
	}
	if st := a.Stats(); st.Dropped.TooLong != 1 || st.Waiting != 1 {
		t.Errorf("stats %+v", st)
	}
}

// Redis is away until the buffer is full and speakers wait; then all lines go
// out, in the order of each speaker.
func TestSpeakersWaitForRedis(t *testing.T) {
	const speakers, each = 5, 400
	cfg, book := reported()
	cfg.Buffer = 100 * cost([]byte("0 100"))
	addr := freeAddr(t)
	n := start(t, at(addr), cfg)
	var speaking sync.WaitGroup
	for s := range speakers {
		speaking.Go(func() {
			for i := range each {
				n.say(t, itoa(s)+" "+itoa(i))
			}
		})
	}
	await(t, "a full buffer", func() bool { return book.count("pausing speakers") == 1 })
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	speaking.Wait()
	checkSpeakers(t, n.wait(t, speakers*each), speakers, each)
	if st := n.Stats(); st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

// A Publish that waits ends with Run.
func TestStopWhileSpeakersWait(t *testing.T) {
	cfg, book := reported()
	cfg.Buffer, cfg.DrainTimeout = 1000, -1
	n := start(t, at(freeAddr(t)), cfg)
	answer := make(chan error)
	go func() {
		for {
			if err := n.Publish([]byte("a line")); err != nil {
				answer <- err
				return
			}
		}
	}()
	await(t, "a full buffer", func() bool { return book.count("pausing speakers") == 1 })
	n.stop()
	if err := <-answer; !errors.Is(err, ErrClosed) {
		t.Errorf("Publish: %v, want ErrClosed", err)
	}
}

// A Run that never began holds nobody up for ever either.
func TestRunAfterItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a := New(at(freeAddr(t)), plainly())
	if err := a.Run(ctx, &heard{}); err != nil {
		t.Error(err)
	}
	if err := a.Publish([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish: %v, want ErrClosed", err)
	}
}

// checkSpeakers compares lines of the form "speaker number".
func checkSpeakers(t *testing.T, lines []string, speakers, each int) {
	t.Helper()
	if len(lines) != speakers*each {
		t.Errorf("%d lines, want %d", len(lines), speakers*each)
	}
	for s := range speakers {
		own := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.HasPrefix(l, itoa(s)+" ") })
		for i, line := range own {
			if want := itoa(s) + " " + itoa(i); line != want {
				t.Errorf("speaker %d: line %d is %q, want %q", s, i, line, want)
				break
			}
		}
	}
}

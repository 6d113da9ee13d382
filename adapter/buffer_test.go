package adapter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
		if _, err := b.acknowledge(7); err != nil {
			t.Fatal(err)
		}
		if book.count("publish buffer full") != 1 || book.count("publish buffer is empty again") != 1 {
			t.Errorf("want one line for full and one for empty, got:\n%s", book)
		}
	})
}

// Speakers that are faster than Redis fill the buffer again after each batch.
func TestFullBufferIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, book := smallBuffer()
		const seconds = 90
		var pushing sync.WaitGroup
		for n := uint64(0); n < 5*seconds; n += 5 { // empty after each second
			for range 5 {
				pushing.Go(func() {
					if err := b.push([]byte("x")); err != nil {
						t.Errorf("push: %v", err)
					}
				})
			}
			synctest.Wait()
			for _, mark := range []uint64{n + 4, n + 5} {
				if _, err := b.acknowledge(mark); err != nil {
					t.Fatal(err)
				}
			}
			<-time.After(time.Second)
		}
		pushing.Wait()
		if full, empty := book.count("publish buffer full"), book.count("publish buffer is empty again"); full != 2 || empty != 2 {
			t.Errorf("%d lines say that the buffer is full and %d that it is empty, want 2 in %d s:\n%s", full, empty, seconds, book)
		}
	})
}

// A long line waits for those before it, and not for those after it, although
// they are shorter and there would be room for them.
func TestPushesGetRoomInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := smallBuffer()
		long := make([]byte, 1+cost([]byte("x"))) // costs as much as two short ones
		for range 4 {
			if err := b.push([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		var pushing sync.WaitGroup
		for _, line := range [][]byte{long, []byte("y"), []byte("y")} {
			pushing.Go(func() {
				if err := b.push(line); err != nil {
					t.Errorf("push: %v", err)
				}
			})
			synctest.Wait()
		}
		for mark := uint64(1); mark <= 4; mark++ {
			if _, err := b.acknowledge(mark); err != nil {
				t.Fatal(err)
			}
		}
		pushing.Wait()
		var sizes []int
		for _, line := range b.batch(10, 1000).lines {
			sizes = append(sizes, len(line))
		}
		if want := []int{len(long), 1, 1}; !slices.Equal(sizes, want) {
			t.Errorf("lines of %d bytes wait, want %d", sizes, want)
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
	await(t, "a full buffer", func() bool { return book.count("publish buffer full") == 1 })
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
	await(t, "a full buffer", func() bool { return book.count("publish buffer full") == 1 })
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

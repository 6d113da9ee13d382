package adapter

import (
	"errors"
	"testing"
)

func TestQueueBound(t *testing.T) {
	q := newQueue(3 * (10 + lineCost))
	line := []byte("0123456789")
	for range 3 {
		if err := q.push(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.push(nil); !errors.Is(err, ErrFull) {
		t.Fatalf("a fourth line: %v", err)
	}
	q.drop(1)
	if err := q.push(line); err != nil {
		t.Fatalf("after a drop: %v", err)
	}
	q.drop(3)
	if q.bytes != 0 || q.len() != 0 {
		t.Fatalf("%d bytes in %d lines left", q.bytes, q.len())
	}
	q.close()
	if err := q.push(nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("after close: %v", err)
	}
}

func TestQueueHead(t *testing.T) {
	q := newQueue(1 << 20)
	for _, size := range []int{100, 10, 10, 10} {
		q.push(make([]byte, size))
	}
	for _, c := range []struct{ lines, bytes, want int }{
		{500, 1 << 20, 4},
		{2, 1 << 20, 2},
		{500, 50, 1}, // the first line goes alone, too long as it is
		{500, 110, 2},
		{500, 119, 2},
	} {
		if got := len(q.head(c.lines, c.bytes)); got != c.want {
			t.Errorf("head(%d, %d) has %d lines, want %d", c.lines, c.bytes, got, c.want)
		}
	}
	if n := len(newQueue(1).head(1, 1)); n != 0 {
		t.Errorf("an empty queue's head has %d lines", n)
	}
}

func TestPublishFull(t *testing.T) {
	cfg := quick()
	cfg.MaxPending = 2 * (1 + lineCost)
	a := New(at(freeAddr(t)), cfg)
	for i, want := range []error{nil, nil, ErrFull, ErrFull} {
		if err := a.Publish([]byte("x")); err != want {
			t.Errorf("line %d: %v, want %v", i, err, want)
		}
	}
	if st := a.Stats(); st.Waiting != 2 || st.Dropped.Full != 2 {
		t.Errorf("stats %+v", st)
	}
}

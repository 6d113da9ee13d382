package adapter

import "sync"

// lineCost is what a line counts beyond its bytes: its slice header, its share
// of the queue's array and the allocator's rounding.
const lineCost = 64

// queue holds the lines that wait, in order. Anyone pushes; the publisher
// alone looks at its head and drops from it what is done, so that a line
// leaves the queue only when it will never be sent again.
type queue struct {
	max  int
	more chan struct{} // holds a token after a push

	mu     sync.Mutex
	lines  [][]byte
	bytes  int
	closed bool
}

func newQueue(maxBytes int) *queue {
	return &queue{max: maxBytes, more: make(chan struct{}, 1)}
}

func (q *queue) push(line []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.bytes+len(line)+lineCost > q.max {
		return ErrFull
	}
	q.lines = append(q.lines, line)
	q.bytes += len(line) + lineCost
	select {
	case q.more <- struct{}{}:
	default:
	}
	return nil
}

// head returns the first lines, at least one if there is any, at most maxLines
// and maxBytes. They stay in the queue. The slice may be read until drop.
func (q *queue) head(maxLines, maxBytes int) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.lines) && n < maxLines {
		size += len(q.lines[n])
		if n > 0 && size > maxBytes {
			break
		}
		n++
	}
	// The full slice expression keeps an append by push off the reader's part.
	return q.lines[:n:n]
}

// drop forgets the first n lines.
func (q *queue) drop(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, line := range q.lines[:n] {
		q.bytes -= len(line) + lineCost
		q.lines[i] = nil // append moves to a new array only now and then
	}
	q.lines = q.lines[n:]
	if len(q.lines) == 0 {
		q.lines = nil // a flood's array is not kept through the resumeAt
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines)
}

// close refuses further lines; those that wait can still be sent.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

package adapter

import (
	"fmt"
	"time"
)

// lineCost is what a line counts beyond its bytes: its slice header, its share
// of the array and the allocator's rounding.
const lineCost = 64

// window holds the lines of one run that Redis does not have yet, and those
// that it has for as long as they may be needed again. It does no I/O and
// knows no clock: the publisher and the model test both call it.
type window struct {
	run string
	// lines have the numbers low, low+1, ... Those up to acked are in Redis.
	lines []held
	low   uint64
	acked uint64
	// quiet is the highest number that Redis ever acknowledged: Node servers
	// have heard the lines up to it.
	quiet uint64
	base  bool // Redis misses lines below low: the next batch is a new base

	pending, kept int // cost in bytes of the lines above and up to acked
}

type held struct {
	text []byte
	at   time.Duration // when it was acknowledged
}

func newWindow(run string) window { return window{run: run, low: 1} }

// batch is what one call of publish.lua is given.
type batch struct {
	run   string
	first uint64 // number of lines[0]
	base  bool   // the lines below first are given up
	quiet uint64 // lines up to this number are not published bare again
	renew bool   // the expiry of the log begins anew
	lines [][]byte
}

func (w *window) next() uint64 { return w.low + uint64(len(w.lines)) } // number of the next line

func (w *window) waiting() int { return int(w.next() - 1 - w.acked) }

func (w *window) push(text []byte) {
	w.lines = append(w.lines, held{text: text})
	w.pending += cost(text)
}

func cost(text []byte) int { return len(text) + lineCost }

// batch returns the first lines that Redis does not have: at most maxLines,
// and at most maxBytes unless the first is longer.
func (w *window) batch(maxLines, maxBytes int) batch {
	b := batch{run: w.run, first: w.acked + 1, base: w.base, quiet: w.quiet}
	size := 0
	for _, l := range w.lines[w.acked+1-w.low:] {
		if size += len(l.text); len(b.lines) == maxLines || len(b.lines) > 0 && size > maxBytes {
			break
		}
		b.lines = append(b.lines, l.text)
	}
	return b
}

// acknowledge takes the watermark that a call returned. It is the truth about
// the Redis that answered, and lower than before if that one has lost lines:
// again is the number of lines that go out a second time, gone the number of
// those that are missing there and no longer held. A watermark above every
// number that was given is an error and changes nothing.
func (w *window) acknowledge(mark uint64, now time.Duration) (again, gone int, err error) {
	if mark >= w.next() {
		return 0, 0, fmt.Errorf("redis holds message %d of this node, which has published %d", mark, w.next()-1)
	}
	before := w.acked
	w.base = mark+1 < w.low
	if w.base {
		gone = int(w.low - 1 - mark)
	}
	w.acked = max(mark, w.low-1)
	for i := min(before, w.acked) + 1; i <= max(before, w.acked); i++ {
		l := &w.lines[i-w.low]
		if i > before {
			l.at = now
			w.pending -= cost(l.text)
			w.kept += cost(l.text)
		} else {
			w.pending += cost(l.text)
			w.kept -= cost(l.text)
		}
	}
	w.quiet = max(w.quiet, mark)
	return int(before - min(before, w.acked)), gone, nil
}

// trim forgets acknowledged lines that are older than age or beyond maxBytes.
// It does nothing while Redis misses lines that it once acknowledged: they go
// out again first.
func (w *window) trim(now, age time.Duration, maxBytes int) {
	if w.acked < w.quiet {
		return
	}
	n := 0
	for ; w.low+uint64(n) <= w.acked; n++ {
		l := &w.lines[n]
		if now-l.at < age && w.kept <= maxBytes {
			break
		}
		w.kept -= cost(l.text)
		l.text = nil // append moves to a new array only now and then
	}
	w.discard(n)
}

// drop gives up the first n lines that Redis does not have, which is how lines
// leave when they were published plainly.
func (w *window) drop(n int) {
	w.discard(int(w.acked + 1 - w.low))
	w.kept = 0
	for _, l := range w.lines[:n] {
		w.pending -= cost(l.text)
	}
	w.discard(n)
	w.acked = w.low - 1
	w.quiet = w.acked
}

func (w *window) discard(n int) {
	clear(w.lines[:n])
	w.lines = w.lines[n:]
	w.low += uint64(n)
	if len(w.lines) == 0 {
		w.lines = nil // the array of a flood is not kept
	}
}

// renew begins a new run with the lines that Redis does not have.
func (w *window) renew(run string) {
	w.drop(0)
	w.run, w.low, w.acked, w.quiet, w.base = run, 1, 0, 0, false
}

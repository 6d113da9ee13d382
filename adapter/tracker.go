package adapter

import "container/list"

// maxRuns is the number of runs whose last number a receiver remembers.
const maxRuns = 4096

// tracker decides which lines a receiver delivers, and when it has to read the
// log. It does no I/O: the subscriber and the model test both call it.
type tracker struct {
	// pos is the newest entry of the log that has been seen.
	pos    Position
	runs   map[string]*list.Element // of *lastLine
	recent *list.List               // the run that was heard last is in front
	// expected are the lines of the last announcement whose bare lines are
	// still to come.
	expected []announced
	run      string // of expected
}

// lastLine is the number of the last line of a run that was delivered or given up.
type lastLine struct {
	run    string
	number uint64
}

// entry is one entry of the log.
type entry struct {
	pos  Position
	text []byte
}

// page is what one call of read.lua returned. The one that reaches the end of
// the log has watermarks, even if there are none.
type page struct {
	entries []entry
	marks   map[string]uint64
}

func newTracker() *tracker {
	return &tracker{runs: make(map[string]*list.Element), recent: list.New()}
}

func (t *tracker) last(run string) (number uint64, known bool) {
	e, known := t.runs[run]
	if !known {
		return 0, false
	}
	return e.Value.(*lastLine).number, true
}

func (t *tracker) set(run string, number uint64) {
	if e, known := t.runs[run]; known {
		e.Value.(*lastLine).number = number
		t.recent.MoveToFront(e)
		return
	}
	t.runs[run] = t.recent.PushFront(&lastLine{run, number})
	if len(t.runs) > maxRuns {
		oldest := t.recent.Remove(t.recent.Back()).(*lastLine)
		delete(t.runs, oldest.run)
	}
}

// join takes the newest entry and the watermarks from before the first
// subscription: what is in the log by then was said before this node was here.
func (t *tracker) join(p page) {
	for run, mark := range p.marks {
		if last, _ := t.last(run); mark > last {
			t.set(run, mark)
		}
	}
	t.pos = Position{}
	if len(p.entries) > 0 {
		t.pos = p.entries[len(p.entries)-1].pos
	}
}

// subscribed begins a new subscription. The caller reads the log next.
func (t *tracker) subscribed() { t.expected = nil }

// announce takes an announcement and tells whether lines are missing that its
// bare lines will not bring, so that the log has to be read.
func (t *tracker) announce(a announcement) (gap bool) {
	gap = len(t.expected) > 0 // bare lines that never came
	t.expected, t.run = nil, a.run
	next, _ := t.last(a.run)
	next++
	for _, l := range a.lines {
		if l.number > next || l.number == next && !l.bare {
			gap = true
		}
		next = max(next, l.number+1)
		if l.bare {
			t.expected = append(t.expected, l)
		}
	}
	return gap || a.mark >= next
}

// lacks tells, after the log was read, whether lines of an announcement are
// still missing. Then the log that was read is not the one of the server that
// announced them, or that has lost them since.
func (t *tracker) lacks(a announcement) bool {
	last, _ := t.last(a.run)
	return last < a.mark
}

// receive takes a bare line and tells whether to deliver it. The position is
// zero for a line from elsewhere.
func (t *tracker) receive(text string) (pos Position, deliver bool) {
	if len(t.expected) == 0 {
		return Position{}, true
	}
	l := t.expected[0]
	if l.length != len(text) || l.hash != lineHash([]byte(text)) {
		return Position{}, true
	}
	t.expected = t.expected[1:]
	pos = Position{ID: l.id, Run: t.run, Number: l.number}
	last, _ := t.last(t.run)
	switch {
	case l.number <= last:
		t.pos = pos
		return pos, false
	case l.number == last+1:
		t.pos = pos
		t.set(t.run, l.number)
		return pos, true
	}
	// The log was read and did not have the lines before, see lacks.
	return pos, false
}

// reading is the reading of the log: from the position, if that does not do
// from the start, and if lines are missing there once more from the start.
type reading struct {
	stage stage
	after Position          // the last entry that was read
	seen  map[string]uint64 // highest number of a run that was read
	gone  map[string]bool   // runs whose missing lines nobody holds any more
	done  bool
	lost  int // lines that were given up
}

type stage int

const (
	fromPosition stage = iota
	fromStart          // lines behind a jump may come again, in the right order
	givingUp           // they do not, in the runs that are gone
)

// read begins to read the log behind the last known entry.
func (t *tracker) read() *reading {
	r := &reading{after: t.pos, seen: map[string]uint64{}}
	if t.pos.IsZero() {
		r.stage = fromStart
	}
	return r
}

// from is the id that the next page begins at, that of the last entry if there
// is one: the page shows whether it is still there.
func (r *reading) from() string {
	if r.after.IsZero() {
		return "-"
	}
	return r.after.ID
}

// restart reads from the oldest entry.
func (r *reading) restart(s stage) {
	*r = reading{stage: s, seen: map[string]uint64{}, gone: r.gone, lost: r.lost}
}

// page takes the next page and returns the entries to deliver.
func (t *tracker) page(r *reading, p page) (deliver []entry) {
	entries := p.entries
	if !r.after.IsZero() {
		switch {
		case len(entries) > 0 && entries[0].pos == r.after:
			entries = entries[1:]
		case r.stage == fromPosition:
			r.restart(fromStart)
			return nil
		}
	}
	for _, e := range entries {
		run, number := e.pos.Run, e.pos.Number
		r.seen[run] = max(r.seen[run], number)
		last, known := t.last(run)
		jump := number > last+1
		if jump && r.stage == fromPosition {
			r.restart(fromStart)
			return deliver
		}
		if number > last && (!jump || r.gone[run]) {
			if known {
				r.lost += int(number - last - 1)
			}
			t.set(run, number)
			deliver = append(deliver, e)
		}
		r.after = e.pos
	}
	if p.marks != nil {
		t.finish(r, p.marks)
	}
	return deliver
}

// finish compares what was read with the watermarks. A run whose watermark is
// below a number that was read is being published again: what is missing comes.
func (t *tracker) finish(r *reading, marks map[string]uint64) {
	gone := map[string]bool{}
	for run, mark := range marks {
		last, known := t.last(run)
		switch {
		case mark <= last || r.stage != fromPosition && mark < r.seen[run]:
		case r.gone[run]:
			if known {
				r.lost += int(mark - last)
			}
			t.set(run, mark)
		default:
			gone[run] = true
		}
	}
	switch {
	case len(gone) == 0:
		t.pos, r.done = r.after, true
	case r.stage == fromPosition:
		r.restart(fromStart)
	default:
		r.gone = gone
		r.restart(givingUp)
	}
}

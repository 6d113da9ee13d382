package adapter

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// logEntry is entry id of the log, line n of run.
func logEntry(id, run string, n uint64) entry {
	return entry{pos: Position{ID: id, Run: run, Number: n}, text: fmt.Appendf(nil, "%s%d", run, n)}
}

// trackerAt has heard run A up to n, which stands at id.
func trackerAt(id string, n uint64) *tracker {
	t := newTracker()
	t.join(page{entries: []entry{logEntry(id, "A", n)}, marks: map[string]uint64{"A": n}})
	return t
}

// announcementOf announces lines of run A, bare ones as numbers and others
// with a dash, as in "4 5-".
func announcementOf(t *testing.T, mark uint64, lines string) announcement {
	t.Helper()
	s := fmt.Sprintf("A 1 %d", mark)
	for word := range strings.FieldsSeq(lines) {
		n, quiet := strings.CutSuffix(word, "-")
		if quiet {
			s += fmt.Sprintf(" %s 9-%s -", n, n)
		} else {
			text := "A" + n
			s += fmt.Sprintf(" %s 9-%s %d:%s", n, n, len(text), lineHash([]byte(text)))
		}
	}
	a, err := parseAnnouncement(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnnouncementGap(t *testing.T) {
	for _, c := range []struct {
		mark  uint64
		lines string
		gap   bool
	}{
		{4, "4", false},
		{6, "4 5 6", false},
		{3, "", false}, // a probe
		{2, "", false}, // of a Redis that has lost a line
		{4, "", true},
		{5, "5", true},
		{4, "4-", true},
		{3, "2- 3-", false}, // heard before
		{5, "3- 4- 5", true},
		{4, "3- 4", false},
		{6, "4 6", true},
		{5, "4", true},
	} {
		if got := trackerAt("1-0", 3).announce(announcementOf(t, c.mark, c.lines)); got != c.gap {
			t.Errorf("after A3, watermark %d and lines %q: gap %t, want %t", c.mark, c.lines, got, c.gap)
		}
	}
}

// A bare line that never came is a gap, too.
func TestAnnouncementWithoutLine(t *testing.T) {
	tr := trackerAt("1-0", 3)
	tr.announce(announcementOf(t, 4, "4"))
	if !tr.announce(announcementOf(t, 4, "")) {
		t.Error("an announced line that did not come is no gap")
	}
}

// A log that lacks what was announced is that of another server.
func TestLacks(t *testing.T) {
	tr := trackerAt("1-0", 3)
	for mark, lacks := range map[uint64]bool{2: false, 3: false, 4: true} {
		if got := tr.lacks(announcement{run: "A", mark: mark}); got != lacks {
			t.Errorf("after A3, with watermark %d: %t, want %t", mark, got, lacks)
		}
	}
}

func TestReceive(t *testing.T) {
	tr := trackerAt("1-0", 3)
	tr.announce(announcementOf(t, 5, "3 4 5"))
	for _, c := range []struct {
		text    string
		number  uint64 // zero: from elsewhere
		deliver bool
	}{
		{"A3", 3, false},
		{"B", 0, true},  // of another length
		{"X4", 0, true}, // of another hash
		{"A4", 4, true},
		{"A5", 5, true},
		{"A5", 0, true}, // said by somebody else
	} {
		pos, deliver := tr.receive(c.text)
		if pos.Number != c.number || deliver != c.deliver {
			t.Errorf("%q: %v, delivered %t; want number %d, %t", c.text, pos, deliver, c.number, c.deliver)
		}
	}
	if want := (Position{ID: "9-5", Run: "A", Number: 5}); tr.pos != want {
		t.Errorf("position %v, want %v", tr.pos, want)
	}
}

// readAll reads pages until the end, as the subscriber does.
func readAll(tr *tracker, pages func(from string) page) (delivered []string, r *reading) {
	r = tr.read()
	for !r.done {
		for _, e := range tr.page(r, pages(r.from())) {
			delivered = append(delivered, string(e.text))
		}
	}
	return delivered, r
}

func TestReading(t *testing.T) {
	a := func(from, to uint64) (all []entry) {
		for n := from; n <= to; n++ {
			all = append(all, logEntry(fmt.Sprint(n), "A", n))
		}
		return all
	}
	for _, c := range []struct {
		name  string
		log   []entry
		marks map[string]uint64
		want  []string
		lost  int
	}{
		{"nothing new", a(1, 3), map[string]uint64{"A": 3}, nil, 0},
		{"two lines", a(1, 5), map[string]uint64{"A": 5}, []string{"A4", "A5"}, 0},
		{"another run", append(a(1, 3), logEntry("4", "B", 1)), map[string]uint64{"A": 3, "B": 1}, []string{"B1"}, 0},
		{"redis is empty", nil, nil, nil, 0},
		{"redis has old data", a(1, 2), map[string]uint64{"A": 2}, nil, 0},
		{"the position is gone", []entry{logEntry("7", "A", 3), logEntry("8", "A", 4)}, map[string]uint64{"A": 4}, []string{"A4"}, 0},
		{"another line stands there", []entry{logEntry("2", "B", 1), logEntry("3", "B", 2), logEntry("4", "A", 4)}, map[string]uint64{"A": 4, "B": 2}, []string{"B1", "B2", "A4"}, 0},
		{"a line before the position", []entry{logEntry("2", "B", 1), logEntry("3", "A", 3)}, map[string]uint64{"A": 3, "B": 1}, []string{"B1"}, 0},
		{"lines were trimmed", []entry{logEntry("9", "A", 6)}, map[string]uint64{"A": 6}, []string{"A6"}, 2},
		{"all were trimmed", []entry{logEntry("9", "B", 1)}, map[string]uint64{"A": 6, "B": 1}, []string{"B1"}, 3},
		{"half of the run again, its first stretch trimmed", []entry{logEntry("6", "A", 6), logEntry("7", "A", 7), logEntry("8", "A", 4), logEntry("9", "A", 5)},
			map[string]uint64{"A": 5}, []string{"A4", "A5"}, 0},
		{"the run again, its first stretch trimmed", append([]entry{logEntry("6", "A", 6), logEntry("7", "A", 7), logEntry("8", "A", 4), logEntry("9", "A", 5)}, logEntry("10", "A", 6), logEntry("11", "A", 7)),
			map[string]uint64{"A": 7}, []string{"A4", "A5", "A6", "A7"}, 0},
		{"without its watermark, its first stretch trimmed", []entry{logEntry("6", "A", 6), logEntry("7", "B", 1)}, map[string]uint64{"B": 1}, []string{"B1"}, 0},
		{"a run from before", []entry{logEntry("9", "C", 8)}, map[string]uint64{"A": 3, "C": 8}, []string{"C8"}, 0},
	} {
		tr := trackerAt("3", 3)
		model := newModelRedis(none)
		model.log, model.marks = c.log, c.marks
		got, r := readAll(tr, func(from string) page { return model.read(from, 2) })
		if !slices.Equal(got, c.want) || r.lost != c.lost {
			t.Errorf("%s: delivered %q, lost %d; want %q and %d", c.name, got, r.lost, c.want, c.lost)
		}
		if again, r := readAll(tr, func(from string) page { return model.read(from, 2) }); len(again) > 0 || r.lost > 0 {
			t.Errorf("%s: a second reading delivers %q and loses %d", c.name, again, r.lost)
		}
	}
}

// The runs that were heard last are remembered.
func TestTrackerForgets(t *testing.T) {
	tr := newTracker()
	for i := range maxRuns + 10 {
		tr.set(fmt.Sprint(i), 1)
		tr.set("0", uint64(i))
	}
	if _, known := tr.last("0"); !known || len(tr.runs) != maxRuns || tr.recent.Len() != maxRuns {
		t.Errorf("remembers %d runs in %d entries, that heard always: %t", len(tr.runs), tr.recent.Len(), known)
	}
	if _, known := tr.last("1"); known {
		t.Error("remembers the run that was heard first")
	}
}

func TestParseAnnouncement(t *testing.T) {
	for _, bad := range []string{"", "A", "A 1", "A 1 x", "A x 1", " 1 1", "A 1 1 2", "A 1 1 2 3-0", "A 1 1 x 3-0 -", "A 1 1 2 3-0 x:y", "A 1 1 2 3-0 "} {
		if a, err := parseAnnouncement(bad); err == nil {
			t.Errorf("%q is taken as %+v", bad, a)
		}
	}
	a, err := parseAnnouncement("run 7 12 11 5-0 - 12 5-1 3:abc")
	if err != nil || a.run != "run" || a.call != 7 || a.mark != 12 || len(a.lines) != 2 || a.lines[0].bare ||
		a.lines[1] != (announced{number: 12, id: "5-1", bare: true, length: 3, hash: "abc"}) {
		t.Errorf("%+v, %v", a, err)
	}
}

func FuzzParseAnnouncement(f *testing.F) {
	f.Add("run 7 12 11 5-0 - 12 5-1 3:abc")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := parseAnnouncement(s); err == nil {
			newTracker().announce(a)
		}
	})
}

func TestPosition(t *testing.T) {
	for _, p := range []Position{{}, {ID: "1700000000000-3", Run: "aB-_9", Number: 42}} {
		if got, err := ParsePosition(p.String()); err != nil || got != p {
			t.Errorf("%q is read as %v, %v", p, got, err)
		}
	}
	for _, bad := range []string{"x", "1-2", "1-2/run", "1-2/run/x", "1/run/1", "-/run/1", "1-2//1", "1-2/run/-1", "1-2/run/01", "01-2/run/1", "1-2/a/b/1", "1-2 /run/1", " 1-2/run/1"} {
		if p, err := ParsePosition(bad); err == nil {
			t.Errorf("%q is read as %v", bad, p)
		}
	}
}

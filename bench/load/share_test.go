package load

import (
	"testing"
	"time"
)

func TestShareBooksEveryFate(t *testing.T) {
	const run, clients, lines, speakers = 7, 2, 70, 2
	s := newShare(run, clients, lines, speakers)
	sent := make([]int64, lines)
	for i := range sent {
		sent[i] = int64(i) * int64(time.Millisecond)
	}
	hear := func(c, seq int) { s.heard(c, appendLine(nil, run, uint32(seq), sent[seq]), sent[seq]+1000) }
	for seq := range lines {
		hear(0, seq)
	}
	// The other client misses line 69, hears line 4 twice, and line 3 after line 5 of the same speaker; that line 2 comes
	// after line 3 is as it may be, they are of two speakers.
	for seq := range lines - 1 {
		switch seq {
		case 2:
			hear(1, 3)
			hear(1, 2)
		case 3:
		case 4:
			hear(1, 4)
			hear(1, 4)
		case 64:
			hear(1, 66)
			hear(1, 64)
		case 66:
		default:
			hear(1, seq)
		}
	}
	s.heard(1, appendLine(nil, run+1, 0, 0), 5)
	s.heard(1, appendLine(nil, run, lines, 0), 5)
	s.heard(1, []byte(`42["chat","hello"]`), 5)
	if s.delivered != 2*lines-1 || s.takeFresh() != 2*lines-1 || s.takeFresh() != 0 {
		t.Errorf("delivered %d", s.delivered)
	}
	if s.duplicates != 1 || s.disorder != 1 || s.foreign != 3 {
		t.Errorf("duplicates %d, disorder %d, foreign %d", s.duplicates, s.disorder, s.foreign)
	}
	end := int64(time.Minute)
	if n := s.close(sent, end); n != 1 || s.delays.N() != 2*lines || s.delays.Max() != end-sent[69] {
		t.Errorf("undelivered %d, %d delays, the longest %d", n, s.delays.N(), s.delays.Max())
	}
}

func TestAcceptRate(t *testing.T) {
	var times []int64
	for i := range 101 { // a slow start, then one every 2 ms
		at := int64(i) * 2e6
		if i < 20 {
			at -= 1e9
		}
		times = append(times, at)
	}
	if r := acceptRate(times, 20); r < 499.9 || r > 500.1 {
		t.Errorf("%v", r)
	}
	if r := acceptRate(times[:20], 20); r != 0 {
		t.Errorf("from too few connections: %v", r)
	}
}

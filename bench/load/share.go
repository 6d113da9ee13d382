package load

import "tsunagu/bench/stats"

// share is what a loop knows of the lines under way.
type share struct {
	run      uint32
	speakers int
	lines    int
	clients  int

	seen  []uint64 // one bit for every client and line
	words int      // of seen, a client
	last  []int32  // the last line each client heard of each speaker, plus one

	delays     *stats.Hist
	delivered  int64
	fresh      int64 // delivered since takeFresh
	duplicates int64
	disorder   int64 // came after a later line of the same speaker
	foreign    int64 // no line of this run
	lastAt     int64
}

func newShare(run uint32, clients, lines, speakers int) *share {
	words := (lines + 63) / 64
	return &share{
		run: run, speakers: speakers, lines: lines, clients: clients,
		seen: make([]uint64, clients*words), words: words,
		last:   make([]int32, clients*speakers),
		delays: stats.NewHist(),
	}
}

// heard books what client c has received at now.
func (s *share) heard(c int, p []byte, now int64) {
	run, seq, sent, ok := parseLine(p)
	if !ok || run != s.run || int(seq) >= s.lines {
		s.foreign++
		return
	}
	word, bit := &s.seen[c*s.words+int(seq/64)], uint64(1)<<(seq%64)
	if *word&bit != 0 {
		s.duplicates++
		return
	}
	*word |= bit
	last := &s.last[c*s.speakers+int(seq)%s.speakers]
	if int32(seq)+1 < *last {
		s.disorder++
	} else {
		*last = int32(seq) + 1
	}
	s.delays.Add(now - sent)
	s.delivered++
	s.fresh++
	s.lastAt = now
}

func (s *share) takeFresh() (n int64) {
	n, s.fresh = s.fresh, 0
	return n
}

// close counts what never came. A line that is missing at the end has waited at least until then, and its delay goes
// into the percentiles as that: a server does not get faster by dropping what it is slow with.
func (s *share) close(sent []int64, end int64) (undelivered int64) {
	for c := range s.clients {
		for seq, at := range sent {
			if s.seen[c*s.words+seq/64]&(1<<(seq%64)) == 0 {
				undelivered++
				s.delays.Add(end - at)
			}
		}
	}
	return undelivered
}

// acceptRate leaves the first connections out: a JavaScript server compiles its code over them, a Go server grows its heap.
func acceptRate(times []int64, warmUp int) float64 {
	n := len(times) - 1 - warmUp
	if n < 1 || times[len(times)-1] <= times[warmUp] {
		return 0
	}
	return float64(n) / (float64(times[len(times)-1]-times[warmUp]) / 1e9)
}

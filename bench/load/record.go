package load

// record holds which client has received which message of the run in progress.
type record struct {
	run      uint32
	senders  int
	messages int
	clients  int

	seen  []uint64 // one bit for every client and message
	words int      // of seen, a client
	last  []int32  // for each client and sender, one more than the number of the last message received

	delays     *histogram
	delivered  int64
	duplicates int64
	disorder   int64 // received after a later message of the same sender
	foreign    int64 // no message of this run
	lastAt     int64
}

func newRecord(run uint32, clients, messages, senders int) *record {
	words := (messages + 63) / 64
	return &record{
		run: run, senders: senders, messages: messages, clients: clients,
		seen: make([]uint64, clients*words), words: words,
		last:   make([]int32, clients*senders),
		delays: newHistogram(),
	}
}

// receive records packet p, which client c has received at now.
func (r *record) receive(c int, p []byte, now int64) {
	if isFlood(p) {
		return
	}
	run, seq, sent, ok := parseMessage(p)
	if !ok || run != r.run || int(seq) >= r.messages {
		r.foreign++
		return
	}
	word, bit := &r.seen[c*r.words+int(seq/64)], uint64(1)<<(seq%64)
	if *word&bit != 0 {
		r.duplicates++
		return
	}
	*word |= bit
	last := &r.last[c*r.senders+int(seq)%r.senders]
	if int32(seq)+1 < *last {
		r.disorder++
	} else {
		*last = int32(seq) + 1
	}
	r.delays.add(now - sent)
	r.delivered++
	r.lastAt = now
}

// close counts the missing deliveries. A message that is missing at the end has taken at least until then, and its delay
// enters the percentiles as that: a server must not look faster for dropping what it is slow with.
func (r *record) close(sent []int64, end int64) (undelivered int64) {
	for c := range r.clients {
		for seq, at := range sent {
			if r.seen[c*r.words+seq/64]&(1<<(seq%64)) == 0 {
				undelivered++
				r.delays.add(end - at)
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

package chat

import (
	"hash/maphash"
	"sync"
	"time"

	"tsunagu/internal/fanout"
	"tsunagu/internal/histogram"
)

// Stats are counters since New.
type Stats struct {
	Accepted int64 // lines that clients said and the publisher took
	Textless int64 // lines dropped because they have no text
	TooLong  int64 // lines dropped because their text exceeds MaxText
	// Delay is the time from when the handler had a line of this node's clients
	// until it came back from Redis. Of equal lines that are under way at the
	// same time only one is measured.
	Delay  histogram.Snapshot
	Fanout fanout.Stats
}

// Stats returns the counters.
func (c *Chat) Stats() Stats {
	return Stats{
		Accepted: c.accepted.Load(),
		Textless: c.textless.Load(),
		TooLong:  c.tooLong.Load(),
		Delay:    c.trips.delay.Snapshot(),
		Fanout:   c.fan.Stats(),
	}
}

const (
	// maxTrips is how many lines are remembered in each of two generations.
	maxTrips = 4096
	// maxTrip is the longest round trip that is believed. A line that is lost
	// stays remembered, and must not be taken for an equal one of much later.
	maxTrip = 10 * time.Minute
)

// roundTrips measures how long lines take to Redis and back. Lines carry no name on
// the channel, so they are recognized by what they say.
type roundTrips struct {
	delay histogram.Histogram
	seed  maphash.Seed

	mu sync.Mutex
	// guarded by mu. When young is full, it becomes old, and old is forgotten.
	young, old map[uint64]time.Time
}

func newRoundTrips() *roundTrips {
	return &roundTrips{seed: maphash.MakeSeed(), young: make(map[uint64]time.Time)}
}

// begin is called before a line is published. The key is for take, if it is not.
func (r *roundTrips) begin(line []byte) (key uint64) {
	key = maphash.Bytes(r.seed, line)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) == maxTrips {
		r.young, r.old = make(map[uint64]time.Time), r.young
	}
	delete(r.old, key)
	r.young[key] = time.Now()
	return key
}

// received measures a line that came back, if it is one of ours.
func (r *roundTrips) received(line []byte) {
	if began, ok := r.take(maphash.Bytes(r.seed, line)); ok {
		if d := time.Since(began); d <= maxTrip {
			r.delay.Observe(d)
		}
	}
}

func (r *roundTrips) take(key uint64) (began time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range []map[uint64]time.Time{r.young, r.old} {
		if began, ok = m[key]; ok {
			delete(m, key)
			return began, true
		}
	}
	return began, false
}

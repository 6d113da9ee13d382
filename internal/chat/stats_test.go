package chat

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tsunagu/adapter"
)

func TestStats(t *testing.T) {
	r := &redis{}
	c, url := node(t, r, nil)
	say, hear := client(t, url)
	say(`42["chat"]`)
	for i := range 10 {
		say(fmt.Sprintf(`42["chat","%d"]`, i))
		hear(fmt.Sprintf(`42["chat","%d"]`, i))
	}
	c.Receive([]byte("from elsewhere"), adapter.Position{})
	hear(`42["chat","from elsewhere"]`)
	// A line may be back before its Publish has returned.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	s := c.Stats()
	for late := time.After(time.Minute); s.Accepted < 10; s = c.Stats() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("after a minute %d lines count as accepted, want 10", s.Accepted)
		}
	}
	if s.Accepted != 10 || s.Textless != 1 || s.Fanout.Lines != 11 || s.Fanout.Members != 1 {
		t.Errorf("accepted %d, without text %d, sent on %d to %d; want 10, 1, 11 and 1", s.Accepted, s.Textless, s.Fanout.Lines, s.Fanout.Members)
	}
	measured := int64(0)
	for _, n := range s.Delay.Counts {
		measured += n
	}
	if measured != 10 {
		t.Errorf("%d round trips were measured, want those of the ten lines", measured)
	}
}

func TestRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoundTrips()
		want := func(what string, sum float64) {
			t.Helper()
			if got := r.delay.Snapshot().Sum; got != sum {
				t.Errorf("%s: the round trips add up to %v s, want %v s", what, got, sum)
			}
		}
		r.begin([]byte("one"))
		<-time.After(time.Second)
		r.begin([]byte("two"))
		r.take(r.begin([]byte("refused")))
		<-time.After(time.Second)
		r.received([]byte("refused"))
		r.received([]byte("three"))
		want("lines that are not under way", 0)
		r.received([]byte("two"))
		r.received([]byte("two"))
		want("a line that came twice", 1)
		r.received([]byte("one"))
		want("the first line, after the second", 3)

		r.begin([]byte("lost"))
		<-time.After(maxTrip + time.Second)
		r.received([]byte("lost"))
		want("a line of long ago", 3)
	})
}

// Lines that never come back are forgotten, the newest of them last.
func TestRoundTripsAreBounded(t *testing.T) {
	r := newRoundTrips()
	for i := range 5 * maxTrips {
		r.begin(fmt.Append(nil, i))
	}
	if n := len(r.young) + len(r.old); n > 2*maxTrips {
		t.Errorf("%d lines are remembered, want at most %d", n, 2*maxTrips)
	}
	for i := range 5 * maxTrips {
		r.received(fmt.Append(nil, i))
	}
	measured := int64(0)
	for _, n := range r.delay.Snapshot().Counts {
		measured += n
	}
	if measured < maxTrips || len(r.young)+len(r.old) != 0 {
		t.Errorf("%d lines were measured, want the last %d at least; %d are left", measured, maxTrips, len(r.young)+len(r.old))
	}
}

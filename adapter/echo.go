package adapter

import (
	"sync"
	"time"
)

// echo compares what the publisher has published with what the subscription
// hears. A call that Redis answered is announced to every subscriber; if this
// node's subscription does not hear it, then that leads elsewhere: into a
// half-open connection, or to a server that is no longer the master.
type echo struct {
	mu         sync.Mutex
	run        string // this node's
	generation uint64 // of the subscription; zero: none stands
	heard      uint64 // last call of this node that the subscription heard
	due        uint64 // call that must be heard; zero: none
	since      time.Time
}

// renew changes the run whose calls count.
func (e *echo) renew(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.run, e.due = run, 0
}

// begin starts a subscription, which hears the calls that are made from now
// on. Generation zero ends one.
func (e *echo) begin(generation uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.generation, e.due = generation, 0
}

// current is the generation of the subscription. The publisher reads it before
// it makes a call.
func (e *echo) current() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.generation
}

// answered reports that Redis ran a call that was made in generation.
func (e *echo) answered(call, generation uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if generation != 0 && generation == e.generation && e.due == 0 && call > e.heard {
		e.due, e.since = call, time.Now()
	}
}

// hear reports an announcement.
func (e *echo) hear(a announcement) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a.run != e.run {
		return
	}
	e.heard = max(e.heard, a.call)
	if e.due != 0 && e.heard >= e.due {
		e.due = 0
	}
}

// overdue tells whether a call has not been heard within timeout. Time before
// idle, when the subscription was not read, does not count.
func (e *echo) overdue(idle time.Time, timeout time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := e.since
	if idle.After(since) {
		since = idle
	}
	return e.due != 0 && time.Since(since) > timeout
}

// Package panics keeps a panic from ending the process. Go ends a process when a
// panic leaves any goroutine, so each goroutine that works on what a client has sent
// begins with a deferred call of Recorder.Recover.
package panics

import (
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"sync"
)

// A Place is the kind of work during which a panic occurred.
type Place string

// All the places there are.
const (
	Request   Place = "request"   // an HTTP request, a poll and a POST among them
	WebSocket Place = "websocket" // the reader of a websocket, from its upgrade on
	Write     Place = "write"     // writing to a client whose socket was full
	Timer     Place = "timer"     // a heartbeat or a timeout
	Handler   Place = "handler"   // a function of the application, or the end of a session
	Fanout    Place = "fanout"    // asking sessions for bytes, writing them, or telling sessions what was written
	Report    Place = "report"    // gathering figures for the operator and for other nodes
)

// A Recorder logs panics and counts them. All methods may be called concurrently. A nil
// Recorder recovers and tells nobody.
type Recorder struct {
	log *slog.Logger

	mu     sync.Mutex
	counts map[Place]int64 // guarded by mu
}

// New returns a recorder that logs each panic with its stack, at the level of errors.
// A nil logger logs nothing.
func New(log *slog.Logger) *Recorder {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Recorder{log: log, counts: make(map[Place]int64)}
	for _, p := range []Place{Request, WebSocket, Write, Timer, Handler, Fanout, Report} {
		r.counts[p] = 0
	}
	return r
}

// Counts returns the number of panics at each place.
func (r *Recorder) Counts() map[Place]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// Recover must be deferred. It ends a panic of the function that defers it, and then
// calls cleanup, which may be nil. It passes on http.ErrAbortHandler, by which a
// handler asks net/http to close the connection; cleanup may panic with it, too.
func (r *Recorder) Recover(place Place, cleanup func()) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	r.record(place, v)
	if cleanup != nil {
		defer r.Recover(place, nil) // whatever broke may break the cleanup as well
		cleanup()
	}
}

func (r *Recorder) record(place Place, v any) {
	if r == nil {
		return
	}
	r.log.Error("panic: the client that caused it may have lost its connection, all others go on; please report it",
		"place", string(place), "panic", v, "stack", string(debug.Stack()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[place]++
}

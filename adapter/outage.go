package adapter

import (
	"log/slog"
	"sync"
	"time"
)

// outage is what both sides know of Redis: whether it is unreachable, and
// since when. Both notice the same failure, at different times, and it is
// reported once: with the first failure, and as back when both sides work.
type outage struct {
	// Static after construction.
	log     *slog.Logger
	waiting func() int

	mu         sync.Mutex
	subscribed chan struct{} // closed while the subscription stands
	stands     bool
	sub, pub   bool // that side is down
	since      time.Time
	lost       time.Time // when the subscription was last lost
	unanswered int       // lines lost in this outage
}

func newOutage(log *slog.Logger, waiting func() int) *outage {
	return &outage{log: log, waiting: waiting, subscribed: make(chan struct{})}
}

// gate returns a channel that is closed while the subscription stands.
func (o *outage) gate() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.subscribed
}

// lostSince tells whether the subscription was lost after t.
func (o *outage) lostSince(t time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost.After(t)
}

// subscriberDown reports the loss of a subscription, or a failure to get one.
func (o *outage) subscriberDown(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stands {
		o.subscribed, o.stands = make(chan struct{}), false
	}
	o.lost = time.Now()
	o.begin(&o.sub, "subscribe", err)
}

// subscriberUp reports a subscription that stands.
func (o *outage) subscriberUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stands {
		o.stands = true
		close(o.subscribed)
	}
	o.end(&o.sub)
}

// resubscribing reports a subscription that is about to begin anew.
func (o *outage) resubscribing() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stands {
		o.subscribed, o.stands = make(chan struct{}), false
	}
}

// publisherDown reports a failure to publish; of the lines tried, unanswered
// many were published plainly and without an answer.
func (o *outage) publisherDown(err error, unanswered int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin(&o.pub, "publish", err)
	if unanswered > 0 && o.unanswered == 0 {
		o.log.Warn("redis did not answer to published messages, they may be lost and are not sent again",
			"messages", unanswered, "error", err)
	}
	o.unanswered += unanswered
}

// publisherUp reports that publishing works.
func (o *outage) publisherUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end(&o.pub)
}

// begin and end are called with mu held.
func (o *outage) begin(side *bool, name string, err error) {
	if !o.sub && !o.pub {
		o.since = time.Now()
		o.log.Warn("redis is unavailable, buffering messages until it is back", "side", name, "error", err)
	}
	*side = true
}

func (o *outage) end(side *bool) {
	wasDown := *side
	*side = false
	if !wasDown || o.sub || o.pub {
		return
	}
	o.log.Info("redis is back", "after", time.Since(o.since).Round(time.Millisecond),
		"messages_waiting", o.waiting(), "messages_unanswered", o.unanswered)
	o.unanswered = 0
}

package adapter

import (
	"log/slog"
	"sync"
	"time"
)

// outage is what both sides know of Redis: whether it is unreachable, and since when.
// Both notice the same failure, at different times, and it is reported once:
// with the first failure, and as back when both sides work again.
type outage struct {
	// Static after construction.
	log         *slog.Logger
	resumeDelay time.Duration
	waiting     func() int

	mu         sync.Mutex
	subscribed chan struct{} // closed while the subscription stands
	sub, pub   bool          // that side is down
	since      time.Time
	lost       time.Time // when the subscription was last lost
	resumeAt   time.Time // no line goes out before
	unanswered int       // lines lost in this outage
}

func newOutage(log *slog.Logger, resumeDelay time.Duration, waiting func() int) *outage {
	return &outage{log: log, resumeDelay: resumeDelay, waiting: waiting, subscribed: make(chan struct{})}
}

// gate returns a channel that is closed while the subscription stands.
func (o *outage) gate() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.subscribed
}

// resumesIn says how long lines should be held even so.
func (o *outage) resumesIn() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Until(o.resumeAt)
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
	select {
	case <-o.subscribed:
		o.subscribed = make(chan struct{})
	default:
	}
	o.lost = time.Now()
	o.begin(&o.sub, "subscribe", err)
}

// subscriberUp reports a confirmed subscription.
func (o *outage) subscriberUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sub {
		// Other nodes retry on the same schedule, in which a pause is at most
		// as long as all before it, doubled by its jitter.
		now := time.Now()
		o.resumeAt = now.Add(min(o.resumeDelay, 2*now.Sub(o.since)))
	}
	close(o.subscribed)
	o.end(&o.sub)
}

// publisherDown reports a failure to publish; of the lines tried, unanswered
// many were written without an answer.
func (o *outage) publisherDown(err error, unanswered int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin(&o.pub, "publish", err)
	if unanswered > 0 && o.unanswered == 0 {
		o.log.Warn("lines sent to redis got no answer and are not sent again",
			"lines", unanswered, "error", err)
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
		o.log.Warn("redis is unreachable, buffering lines until it is back", "side", name, "error", err)
	}
	*side = true
}

func (o *outage) end(side *bool) {
	wasDown := *side
	*side = false
	if !wasDown || o.sub || o.pub {
		return
	}
	o.log.Info("redis is back", "away", time.Since(o.since).Round(time.Millisecond),
		"lines_waited", o.waiting(), "lines_unanswered", o.unanswered)
	o.unanswered = 0
}

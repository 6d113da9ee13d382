package adapter

import (
	"context"
	"errors"
	"os"
	"time"
)

// A batch has at most this many lines and bytes (one line may be longer): large
// enough to share the round trip, small enough not to hold up other clients of
// that Redis, and far below the 32 MB that a subscriber may have unread.
const (
	batchLines = 500
	batchBytes = 256 << 10
)

// publisher sends what waits in the buffer. All its fields belong to the one
// goroutine in run.
type publisher struct {
	*Adapter
	sub *subscriber

	conn     *connection // nil: not connected
	answered time.Time   // when conn last answered
	probed   time.Time   // when conn last ran a probe
	renewed  time.Time   // when the expiry of the log was renewed
	multi    bool        // conn accepts MULTI
	back     backoff

	call      uint64
	sent      uint64 // highest number of a call without an answer
	abandoned serverID
	plain     bool      // lines go by plain PUBLISH
	retry     time.Time // when to try the log again
	refused   bool      // Redis refused the log; a second connection is to confirm it
	withLines bool      // the call that was refused had lines: a probe disproves nothing
	readOnly  time.Time // since when Redis is a replica
	pace      pace
	stopping  bool // what waits goes out without regard to pace
}

func newPublisher(a *Adapter, sub *subscriber) *publisher {
	return &publisher{
		Adapter: a, sub: sub, plain: a.cfg.Mode == Plain,
		back: backoff{low: a.cfg.BackoffMin, high: a.cfg.BackoffMax},
	}
}

// run sends until soft is done and the buffer is empty, or hard is done.
func (p *publisher) run(soft, hard context.Context) {
	defer p.disconnect()
	for p.await(soft, hard) {
		err := p.step(hard)
		if err == nil {
			p.back.reset()
			continue
		}
		if d := p.back.next(); soft.Err() == nil {
			pause(soft, d)
		} else {
			// The time that is left is short; a long pause would waste it.
			pause(hard, min(d, p.cfg.DrainTimeout/20))
		}
	}
}

// await returns true when there is something to do: lines to send, a probe, or
// a connection to make. It waits for the subscription, without which the node
// would not hear its own lines; once that has joined the log it reads what it
// misses.
func (p *publisher) await(soft, hard context.Context) bool {
	for soft.Err() == nil {
		if !p.subscribed() {
			select {
			case <-p.out.gate():
			case <-soft.Done():
			}
			continue
		}
		wait := p.untilProbe()
		limited, gate := p.limited()
		if p.conn == nil || wait <= 0 || p.buf.waiting() > 0 && limited <= 0 {
			return true
		}
		if limited > 0 {
			wait = min(wait, limited)
		}
		timer := time.NewTimer(wait)
		select {
		case <-p.buf.more:
		case <-gate:
		case <-timer.C:
		case <-soft.Done():
		}
		timer.Stop()
	}
	p.stopping = true
	return hard.Err() == nil && p.buf.waiting() > 0
}

// subscribed tells whether this node hears the lines that it publishes now, or
// will read them.
func (p *publisher) subscribed() bool {
	if !p.plain && p.sub.joined.Load() {
		return true
	}
	select {
	case <-p.out.gate():
		return true
	default:
		return false
	}
}

// untilProbe is the time until the next probe of the log is due.
func (p *publisher) untilProbe() time.Duration {
	switch {
	case p.cfg.Mode == Plain:
		return p.cfg.ProbeInterval
	case p.plain:
		return time.Until(p.retry)
	case p.out.lostSince(p.answered):
		return 0 // what ended the subscription has likely ended this one
	}
	return time.Until(p.probed.Add(p.cfg.ProbeInterval))
}

// step connects if need be and makes one call. An error means that a pause is
// due.
func (p *publisher) step(hard context.Context) error {
	if p.out.lostSince(p.answered) {
		p.disconnect()
		p.pace.lost()
	}
	old, refused := p.conn != nil, p.refused
	err := p.protect(func() error { return p.attempt(hard) })
	if err != nil {
		p.pace.lost()
	}
	// A Redis that restarted while nobody spoke is no outage, and one refusal is
	// no reason yet to leave the log.
	stale := old && refusalOf(err) == nil && !errors.Is(err, os.ErrDeadlineExceeded)
	doubtful := p.refused && !refused && pause(hard, p.back.next())
	if err != nil && (stale || doubtful) && hard.Err() == nil {
		err = p.protect(func() error { return p.attempt(hard) })
	}
	if err == nil {
		p.answered = time.Now()
		p.readOnly = time.Time{}
		p.out.publisherUp()
		p.pace.answered(p.answered, p.cfg.BackoffMax)
	} else if hard.Err() == nil {
		p.out.publisherDown(err, 0)
	}
	return err
}

func (p *publisher) attempt(hard context.Context) error {
	if p.conn == nil {
		if err := p.connect(hard); err != nil {
			return err
		}
	}
	var err error
	switch {
	case !p.plain:
		err = p.publishLog()
	case p.cfg.Mode == Auto && !time.Now().Before(p.retry):
		err = p.returnToLog()
	default:
		err = p.publishPlain()
	}
	if err != nil {
		// After a refusal as well: the next connection may find another server.
		p.disconnect()
	}
	return err
}

// connect makes a connection that answers. From then on every failure of a
// batch is about its lines alone.
func (p *publisher) connect(hard context.Context) error {
	p.conn = newConnection(hard, p.opts)
	err := p.conn.identify(p.abandoned)
	if err == nil && p.plain {
		p.multi, err = transactions(p.conn.client)
	}
	if err != nil {
		p.disconnect()
		return err
	}
	p.abandoned = serverID{}
	p.probed = time.Time{} // the log is probed over each new connection
	p.answered = time.Now()
	return nil
}

func (p *publisher) disconnect() {
	if p.conn != nil {
		p.conn.close()
		p.conn = nil
	}
}

// publishLog makes one call of the script: a probe if one is due, lines
// otherwise.
func (p *publisher) publishLog() error {
	b := p.buf.batch(batchLines, batchBytes)
	probe := time.Since(p.probed) >= p.cfg.ProbeInterval
	if limited, _ := p.limited(); probe || limited > 0 {
		b.lines = nil
	}
	b.renew = time.Since(p.renewed) >= p.cfg.ProbeInterval
	generation := p.echo.current()
	p.call++
	mark, err := logLines(p.conn.client, p.names, b, p.call, p.cfg.LogBytes)
	var late partialError
	if err == nil || errors.As(err, &late) {
		p.sent = 0
		p.pace.sent(b)
		p.acknowledge(mark)
		if b.renew && len(b.lines) > 0 {
			p.renewed = time.Now()
		}
	}
	if err != nil {
		if refusalOf(err) == nil { // it may have run
			p.sent = max(p.sent, b.first+uint64(len(b.lines))-1)
		}
		return p.failed(err, len(b.lines) > 0)
	}
	if len(b.lines) > 0 || !p.withLines {
		p.refused = false
	}
	if probe {
		p.probed = time.Now()
	}
	if probe || mark+1 >= b.first { // not refused, hence announced
		p.echo.answered(p.call, generation)
	}
	return nil
}

// acknowledge takes a watermark and logs what it says about Redis.
func (p *publisher) acknowledge(mark uint64) {
	done, err := p.buf.acknowledge(mark)
	if err != nil {
		// Somebody else writes to the hash. Under a new run nobody does.
		p.cfg.Logger.Error("the watermark of this node in redis is not its own, starting a new run", "error", err)
		p.begin(newRun())
		return
	}
	p.count.published.Add(int64(done.published))
	p.count.again.Add(int64(done.again))
	if done.again > 0 {
		p.cfg.Logger.Warn("redis has lost messages, publishing them again",
			"messages", done.again, "no_longer_held", done.gone)
	}
}

// begin starts a new run with the lines that wait.
func (p *publisher) begin(run string) {
	p.buf.renew(run)
	p.echo.renew(run)
}

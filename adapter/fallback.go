package adapter

import (
	"errors"
	"time"
)

// failed decides what a failed call of the script means.
func (p *publisher) failed(err error, lines bool) error {
	r := refusalOf(err)
	if r == nil || !p.conn.up.Load() {
		p.abandoned = p.conn.id
		return err
	}
	if p.cfg.Mode == Log || r.passing {
		return r
	}
	if r.readOnly {
		// A master of old, or a failover that is under way, most likely.
		if p.readOnly.IsZero() {
			p.readOnly = time.Now()
		}
		if time.Since(p.readOnly) < p.cfg.ProbeInterval {
			return r
		}
	}
	if !p.refused {
		p.refused, p.withLines = true, lines
		return r
	}
	return p.leaveLog(r)
}

// leaveLog goes over to plain PUBLISH. Lines of calls without an answer may be
// in the log already: the watermark tells, which can be read even where nothing
// can be written.
func (p *publisher) leaveLog(r *refusal) error {
	mark, err := watermark(p.conn.client, p.names, p.buf.run())
	switch {
	case err == nil:
		if mark > p.buf.acknowledged() {
			p.acknowledge(mark)
		}
	case !isRefusal(err):
		return err
	default:
		if n := int(p.sent) - int(p.buf.acknowledged()); n > 0 {
			p.give(result{done: n, unanswered: n}, err)
		}
	}
	p.sent = 0
	p.plain = true
	p.refused = false
	p.unlogged.Store(true)
	p.retry = time.Now().Add(p.cfg.ProbeInterval)
	p.disconnect() // the next one asks for MULTI
	p.cfg.Logger.Warn("redis refuses the log, publishing without it: nodes miss messages while they are disconnected from redis",
		"reason", r.words, "error", r.err)
	return nil
}

// returnToLog probes the log, with a run of its own, and goes back to it if
// Redis lets it.
func (p *publisher) returnToLog() error {
	p.retry = time.Now().Add(p.cfg.ProbeInterval)
	run := newRun()
	p.call++
	mark, err := logLines(p.conn.client, p.names, batch{run: run, first: 1}, p.call, p.cfg.LogBytes)
	if r := refusalOf(err); r != nil {
		p.cfg.Logger.Debug("redis still refuses the log", "reason", r.words, "error", r.err)
		return nil
	}
	if err == nil && mark != 0 {
		err = errors.New("redis has a watermark of a run that did not exist")
	}
	if err != nil {
		return err
	}
	p.begin(run)
	p.plain = false
	p.unlogged.Store(false)
	p.probed = time.Now()
	p.sub.upgrade()
	p.cfg.Logger.Info("redis accepts the log again, publishing through it")
	return nil
}

// publishPlain publishes one batch without the log. An idle connection is asked
// first, for it may have died without a sign.
func (p *publisher) publishPlain() error {
	if time.Since(p.answered) >= p.idleCheck {
		if err := p.conn.ping(); err != nil {
			return err
		}
	}
	most := batchLines
	if !p.multi {
		most = 1
	}
	res := publishPlain(p.conn.client, p.names.bare, p.buf.batch(most, batchBytes).lines)
	p.give(res, res.err)
	return res.err
}

// give takes from the buffer what publishing plainly has settled.
func (p *publisher) give(res result, err error) {
	p.count.published.Add(int64(res.published))
	p.count.plain.Add(int64(res.published))
	p.count.unanswered.Add(int64(res.unanswered))
	p.count.refused.Add(int64(res.refused))
	if res.unanswered > 0 {
		p.abandoned = p.conn.id
		p.out.publisherDown(err, res.unanswered)
	}
	p.buf.drop(res.done)
}

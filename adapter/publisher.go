package adapter

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// A batch has at most this many lines and bytes (one line may be longer): large
// enough to share the round trip, small enough not to hold up other clients of
// that Redis, nor to lose much when its answer is lost.
const (
	batchLines = 500
	batchBytes = 256 << 10
)

// publisher sends what waits in the queue. All its fields belong to the one
// goroutine in run.
type publisher struct {
	cfg   Config
	opts  redis.Options
	q     *queue
	out   *outage
	count *counters

	conn  *connection // nil: not connected
	heard time.Time   // when conn last answered
	back  backoff
}

func newPublisher(a *Adapter) *publisher {
	return &publisher{
		cfg: a.cfg, opts: a.opts, q: a.q, out: a.out, count: &a.count,
		back: backoff{low: a.cfg.BackoffMin, high: a.cfg.BackoffMax},
	}
}

// run sends until soft is done and the queue is empty, or hard is done.
func (p *publisher) run(soft, hard context.Context) {
	defer p.disconnect()
	for p.await(soft, hard) {
		err := p.sendBatch(hard)
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

// await returns true when there is something to do: lines to send or a
// connection to make. Before the drain it also waits for this node's own
// subscription, as otherwise the node would not hear what it says.
func (p *publisher) await(soft, hard context.Context) bool {
	for soft.Err() == nil {
		if p.conn != nil && p.q.len() == 0 {
			select {
			case <-p.q.more:
			case <-soft.Done():
			}
			continue
		}
		select {
		case <-p.out.gate():
		case <-soft.Done():
			continue
		}
		if d := p.out.resumesIn(); d > 0 {
			pause(soft, d)
			continue // the subscription may be gone by now
		}
		return true
	}
	return hard.Err() == nil && p.q.len() > 0
}

// sendBatch connects if need be, sends one batch and takes from the queue what is
// done. An error means that a pause is due.
func (p *publisher) sendBatch(hard context.Context) error {
	batch := p.q.head(batchLines, batchBytes)
	res := p.send(hard, batch)
	if res.err == nil {
		p.heard = time.Now()
		p.out.publisherUp()
	} else {
		// After a refusal as well: the next connection may find another server.
		p.disconnect()
		if hard.Err() == nil || res.unanswered > 0 {
			p.out.publisherDown(res.err, res.unanswered)
		}
	}
	p.count.published.Add(int64(res.published))
	p.count.unanswered.Add(int64(res.unanswered))
	p.count.refused.Add(int64(res.refused))
	p.q.drop(res.done)
	return res.err
}

// send makes one attempt, or two when the connection of earlier lines turns
// out to be gone before anything is written: a Redis that restarted while
// nobody spoke is no outage.
func (p *publisher) send(hard context.Context, batch [][]byte) result {
	if p.out.lostSince(p.heard) {
		p.disconnect() // what ended the subscription has likely ended this one
	}
	for {
		old := p.conn != nil
		err := p.ensureConnected(hard)
		if err == nil {
			res := publish(p.conn.client, p.cfg.Channel, batch)
			if !old || !errors.Is(res.err, errConnectionClosed) {
				return res
			}
		} else if !old {
			return result{err: err}
		}
		p.disconnect()
	}
}

// ensureConnected sees to it that there is a connection that answers. A new one is asked
// too: from then on every failure of a batch is about its lines alone.
func (p *publisher) ensureConnected(hard context.Context) error {
	if p.conn == nil {
		p.conn = newConnection(hard, p.opts)
	} else if time.Since(p.heard) < p.cfg.IdleCheck {
		return nil
	}
	if err := p.conn.ping(); err != nil {
		return err
	}
	p.heard = time.Now()
	return nil
}

func (p *publisher) disconnect() {
	if p.conn != nil {
		p.conn.close()
		p.conn = nil
	}
}

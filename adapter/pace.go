package adapter

import "time"

// paceShare is the part of the log, one of so many, that a node fills after an
// outage before the other nodes have had time to return.
const paceShare = 8

// pace limits what goes into the log after an outage. All nodes lose Redis
// together and return one after the other, within BackoffMax. Publishers with
// full buffers could replace the whole log in less time, and a node that returns
// last would find the first of their lines gone. It does no I/O and knows no
// clock.
type pace struct {
	away  bool      // Redis was lost and has not answered since
	until time.Time // when the other nodes have returned
	bytes int       // sent since Redis is back, with the cost of each line
}

func (p *pace) lost() { p.away = true }

// answered reports an answer of Redis. The second BackoffMax is for connecting and
// for reading the log.
func (p *pace) answered(now time.Time, backoffMax time.Duration) {
	if p.away {
		*p = pace{until: now.Add(2 * backoffMax)}
	}
}

func (p *pace) sent(b batch) {
	for _, text := range b.lines {
		p.bytes += cost(text)
	}
}

// limited tells whether lines have to wait although Redis takes them, and what
// for: the time until the other nodes have returned, and the gate of this node's
// own subscription, nil if that stands. What a node publishes while it does not
// hear it has to stay in the log, too.
func (p *publisher) limited() (wait time.Duration, gate <-chan struct{}) {
	if p.plain || p.stopping || p.pace.bytes < p.cfg.LogBytes/paceShare {
		return 0, nil
	}
	gate = p.out.gate()
	select {
	case <-gate:
		return max(time.Until(p.pace.until), 0), nil
	default:
		return p.cfg.ProbeInterval, gate
	}
}

package adapter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// After an outage lines wait when the node has filled its share of the log, until
// the other nodes have had time to return and its own subscription stands.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{LogBytes: paceShare * 1000, BackoffMax: time.Second}
		p := &publisher{Adapter: New(nil, cfg)}
		out := p.out
		lines := batch{lines: [][]byte{make([]byte, 1000)}}
		want := func(when string, limited bool) {
			t.Helper()
			if wait, _ := p.limited(); (wait > 0) != limited {
				t.Errorf("%s: lines wait for %v", when, wait)
			}
		}
		out.subscriberUp()
		p.pace.sent(lines)
		want("without an outage", false)
		p.pace.lost()
		p.pace.answered(time.Now(), cfg.BackoffMax)
		want("Redis is back", false)
		p.pace.sent(lines)
		want("a share of the log was sent", true)
		p.pace.answered(time.Now(), cfg.BackoffMax)
		<-time.After(2*cfg.BackoffMax - 1)
		want("before the others are back", true)
		<-time.After(1)
		want("when they are back", false)
		out.subscriberDown(errors.New("lost"))
		want("without its own subscription", true)
		out.subscriberUp()
		want("with it", false)
		p.pace.lost()
		p.pace.answered(time.Now(), cfg.BackoffMax)
		p.pace.sent(lines)
		want("after the next outage", true)
		p.stopping = true
		want("when the node stops", false)
	})
}

// A node whose full buffer is larger than the log does not replace the log before
// a node that returns later has read it.
func TestLogIsNotReplacedAfterOutage(t *testing.T) {
	const lines, size, logBytes = 1200, 10_000, 4 << 20
	m := mini(t)
	cfg := quick()
	cfg.Buffer, cfg.LogBytes = 16<<20, logBytes
	var away atomic.Bool
	opts := at(m.Addr())
	opts.Dialer = func(_ context.Context, network, addr string) (net.Conn, error) {
		if away.Load() {
			return nil, errors.New("no way to redis")
		}
		return net.Dial(network, addr)
	}
	late := start(t, opts, cfg).waitReady(t)
	cfg.BackoffMax = 2 * time.Second
	n := start(t, at(m.Addr()), cfg).waitReady(t)

	away.Store(true)
	m.Close()
	var said []string
	for i := range lines {
		said = append(said, fmt.Sprint(i, strings.Repeat(" x", size/2)))
	}
	n.say(t, said...)
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	published, polls := int64(0), 0
	await(t, "the node pauses or has published all", func() bool {
		now := n.Stats().Published
		if polls++; now != published || now == 0 {
			published, polls = now, 0
		}
		return polls == 50
	})
	away.Store(false)
	if got := late.wait(t, lines); !slices.Equal(got, said) {
		t.Errorf("%d of %d lines arrived, or in another order; %d were published before the node returned", len(got), lines, published)
	}
	if st := late.Stats(); st.Lost != 0 {
		t.Errorf("%d lines were lost", st.Lost)
	}
}

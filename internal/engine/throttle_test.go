package engine

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// limited is a server with a message rate, in a bubble.
func limited(t *testing.T, cfg Config, f func(t *testing.T, st *testServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newPipeServer(t, cfg)) })
}

// A client above its rate is read no faster than that. Nothing is lost, nobody is
// disconnected, and the client is not left without a heartbeat.
func TestMessageRateWebSocket(t *testing.T) {
	for _, query := range []string{websocket3, websocket4} {
		limited(t, Config{MessageRate: 0.5, MessageBurst: 3}, func(t *testing.T, st *testServer) {
			c, s := st.join(query)
			start := time.Now()
			c.sendSlowly("4a", "4b", "4c", "4d", "4e", "4f")
			st.wantReceived("a", "b", "c", "d")
			if waited := time.Since(start); waited != 0 {
				t.Errorf("%s: a burst was handled after %v, want at once", query, waited)
			}
			for _, text := range []string{"e", "f"} {
				before := time.Now()
				st.wantReceivedWithin(3*time.Second, text)
				if waited := time.Since(before); waited != 2*time.Second {
					t.Errorf("%s: %s was handled after %v, want 2s", query, text, waited)
				}
			}
			if n := st.engine.Stats().Slowed; n != 3 {
				t.Errorf("%s: %d pauses are counted, want 3", query, n)
			}
			advance(15 * time.Second)
			c.sendSlowly("4g")
			st.wantReceived("g")
			st.wantOpen(s)
		})
	}
}

// wantReceivedWithin checks the next message that the handler receives, for which it
// waits d.
func (st *testServer) wantReceivedWithin(d time.Duration, want string) {
	st.t.Helper()
	select {
	case got := <-st.received:
		if got != want {
			st.t.Errorf("the handler received %q, want %q", got, want)
		}
	case <-time.After(d):
		st.t.Errorf("after %v the handler has not received %q", d, want)
	}
}

// The messages of one POST count one by one, and pings count too.
func TestMessageRatePolling(t *testing.T) {
	limited(t, Config{MessageRate: 1, MessageBurst: 2}, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		start := time.Now()
		posted := make(chan struct{})
		go func() {
			defer close(posted)
			p.post("2:4a1:22:4b2:4c2:4d")
		}()
		<-posted
		st.wantReceived("a", "b", "c", "d")
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("five packets took %v, want 2s", waited)
		}
		if n := st.engine.Stats().Slowed; n != 3 {
			t.Errorf("%d pauses are counted, want 3", n)
		}
	})
}

// A pause for the rate and one of the handler end with the later of both.
func TestMessageRateAndPause(t *testing.T) {
	limited(t, Config{MessageRate: 1, MessageBurst: 1}, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		c.sendSlowly("4a", "4b", "4c", "4d")
		st.wantReceived("a", "b") // and a pause of 1 s
		s.Pause()
		s.Resume()
		synctest.Wait()
		if n := len(st.received); n != 0 {
			t.Errorf("%d messages were handled when the handler's pause ended", n)
		}
		s.Pause()
		advance(10 * time.Second)
		if n := len(st.received); n != 0 {
			t.Errorf("%d messages were handled in the handler's pause", n)
		}
		s.Resume()
		st.wantReceived("c", "d")
	})
}

// A session that ends while it is throttled leaves nothing behind, and a client that
// upgrades meanwhile has its messages handled.
func TestMessageRateAndEnd(t *testing.T) {
	limited(t, Config{MessageRate: 0.01, MessageBurst: 1}, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket3)
		c.sendSlowly("4a", "4b", "4c")
		st.wantReceived("a", "b")
		c.want("6")
		s.Close()
		st.wantClosed(s, ForcedClose)
		c.wantClose(0)
	})
	limited(t, Config{MessageRate: 1, MessageBurst: 1}, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c := p.probe()
		start := time.Now()
		p.post("2:4a2:4b2:4c2:4d") // passes the pause, or the upgrade would wait for it
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the POST was answered after %v, want at once", waited)
		}
		st.wantReceived("a", "b", "c", "d")
		c.send("5")
		c.sendSlowly("4e", "4f")
		st.wantReceivedWithin(10*time.Second, "e")
		st.wantReceivedWithin(10*time.Second, "f")
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("six messages took %v, want 4s", waited)
		}
	})
}

// A client that owes much is looked at again and again: it may be dead.
func TestMessageRateAndDeath(t *testing.T) {
	limited(t, Config{MessageRate: 0.001, MessageBurst: 1}, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c := p.probe()
		p.post(strings.Repeat("2:4a", 100))
		c.conn.Close()
		advance(3 * time.Minute)
		st.wantClosed(p.session, PingTimeout)
	})
}

// The ping of a client of 2.x waits behind its messages, for longer than the client
// waits for the answer. It gets noops in time, also where no pause is long.
func TestMessageRateKeepsAlive(t *testing.T) {
	for _, interval := range []time.Duration{100 * time.Millisecond, time.Second, 2400 * time.Millisecond, 7 * time.Second} {
		limited(t, Config{MessageRate: rate.Every(interval), MessageBurst: 1}, func(t *testing.T, st *testServer) {
			c, _ := st.join(websocket3)
			n := int(time.Minute / interval)
			c.sendSlowly(append(slices.Repeat([]string{"4a"}, n), "2")...)
			for last := time.Now(); ; last = time.Now() {
				got := c.text()
				if silence := time.Since(last); silence >= st.engine.cfg.PingTimeout3 {
					t.Errorf("messages every %v: %v without a packet, and the client has gone", interval, silence)
				}
				if got == "3" {
					break
				}
				if got != "6" {
					t.Errorf("messages every %v: got %q, want a noop", interval, got)
				}
			}
			if len(st.received) != n {
				t.Errorf("messages every %v: %d were handled before the ping, want %d", interval, len(st.received), n)
			}
		})
	}
}

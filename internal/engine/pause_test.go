package engine

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// While a session is paused its packets wait, and neither side takes the other for
// dead. Afterwards the packets are handled in order, and silence counts again.
func TestPauseWebSocket(t *testing.T) {
	for _, test := range []struct {
		query, keepAlive string
		interval         time.Duration // between two of them
		ping, pong       string        // of the client
		silence          time.Duration // until the end
	}{
		{websocket3, "6", 2500 * time.Millisecond, "2", "3", 30 * time.Second},
		{websocket4, "2", 25 * time.Second, "3", "", 45 * time.Second},
	} {
		bubble(t, func(t *testing.T, st *testServer) {
			c, s := st.join(test.query)
			s.Pause()
			s.Pause() // changes nothing
			c.sendSlowly("4a", "4b", test.ping)
			for range 50 {
				advance(test.interval)
				c.want(test.keepAlive)
			}
			if n := len(st.received); n != 0 {
				t.Errorf("%s: %d messages were handled in the pause", test.query, n)
			}
			s.Resume()
			s.Resume()
			st.wantReceived("a", "b")
			if test.pong != "" {
				c.want(test.pong)
			}
			synctest.Wait()
			st.wantEndAfter(s, test.silence)
			if test.query == websocket4 {
				c.want("2")
			}
			c.wantClose(0)
		})
	}
}

// sendSlowly sends packets as far as the server reads them, however long it takes.
func (c *wsClient) sendSlowly(texts ...string) {
	c.conn.SetDeadline(time.Time{})
	go func() {
		for _, text := range texts {
			if _, err := c.conn.Write(masked(ws.NewTextFrame([]byte(text)))); err != nil {
				return
			}
		}
	}()
}

// A client of revision 4 that did not answer before the pause gets its time again,
// as its answer may not have been read.
func TestPauseBetweenPingAndPong(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		advance(25 * time.Second)
		c.want("2")
		advance(19 * time.Second)
		s.Pause()
		advance(time.Second)
		c.want("2") // where it would have ended
		for range 2 {
			advance(25 * time.Second)
			c.want("2")
		}
		s.Resume()
		st.wantEndAfter(s, 20*time.Second)
		c.wantClose(0)
	})
}

func TestPausePolling(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		p.session.Pause()
		posted := make(chan struct{})
		go func() {
			defer close(posted)
			p.post("2:4a2:4b1:2")
		}()
		for range 20 {
			p.wantPoll("1:6")
		}
		if n := len(st.received); n != 0 {
			t.Errorf("%d messages were handled in the pause", n)
		}
		p.session.Resume()
		<-posted
		st.wantReceived("a", "b")
		p.wantPoll("1:3")
	})
}

// A client that upgrades waits for the answer to its POST, and polls no more. So one
// POST passes the pause, and the websocket waits in its place.
func TestPauseAndUpgrade(t *testing.T) {
	for _, probeFirst := range []bool{false, true} {
		bubble(t, func(t *testing.T, st *testServer) {
			p := st.connect(polling3)
			p.session.Pause()
			var c *wsClient
			if probeFirst {
				c = p.probe()
			}
			posted := make(chan struct{})
			go func() {
				defer close(posted)
				p.post("2:4a2:4b")
			}()
			if !probeFirst {
				synctest.Wait()
				if len(st.received) > 0 {
					t.Error("a message was handled in the pause")
				}
				c = p.probe()
			}
			<-posted
			st.wantReceived("a", "b")

			second := make(chan struct{}) // which no client would send
			go func() {
				defer close(second)
				p.post("2:4c")
			}()
			synctest.Wait()
			if len(st.received) > 0 {
				t.Error("a second POST has passed the pause")
			}
			c.send("5")
			for range 20 {
				advance(2500 * time.Millisecond)
				c.want("6")
			}
			p.session.Resume()
			<-second
			st.wantReceived("c")
			c.send("4d")
			st.wantReceived("d")
		})
	}
}

// The end of a session ends its pause.
func TestPauseAndEnd(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket3)
		s.Pause()
		c.sendSlowly("4a")
		synctest.Wait()
		s.Close()
		s.Resume()
		s.Pause()
		st.wantClosed(s, ForcedClose)
		c.wantClose(0)
	})
}

// A handler that cannot handle a message yet pauses its session. The session's own pause
// may end meanwhile, and the end of the session ends both.
func TestPauseUntil(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket3)
		ready, handled := make(chan struct{}), make(chan bool, 1)
		go func() { handled <- s.PauseUntil(ready) }()
		synctest.Wait()
		s.Pause()
		c.sendSlowly("4a")
		for range 20 {
			advance(2500 * time.Millisecond)
			c.want("6")
		}
		s.Resume()
		synctest.Wait()
		if len(st.received) > 0 || len(handled) > 0 {
			t.Error("the pause has ended with that of Pause")
		}
		close(ready)
		if !<-handled {
			t.Error("the message was given up although the session is open")
		}
		st.wantReceived("a")

		go func() { handled <- s.PauseUntil(make(chan struct{})) }()
		synctest.Wait()
		c.conn.Close()
		if <-handled {
			t.Error("a message is to be handled after the end of its session")
		}
		if s.PauseUntil(make(chan struct{})) {
			t.Error("a message is to be handled long after the end of its session")
		}
		st.wantClosed(s, TransportClose)
	})
}

// No POST passes the pause of a message, probe or not.
func TestPauseUntilAndUpgrade(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		ready, handled := make(chan struct{}), make(chan bool, 1)
		go func() { handled <- p.session.PauseUntil(ready) }()
		synctest.Wait()
		c := p.probe()
		synctest.Wait()
		if len(handled) > 0 {
			t.Error("the pause has ended with the probe")
		}
		close(ready)
		if !<-handled {
			t.Error("the message was given up")
		}
		c.send("5", "4a")
		st.wantReceived("a")
	})
}

// A client that polls no more has gone, also during a pause.
func TestPauseOfAClientThatPollsNoMore(t *testing.T) {
	for query, silence := range map[string]time.Duration{polling3: 30 * time.Second, polling4: 45 * time.Second} {
		bubble(t, func(t *testing.T, st *testServer) {
			p := st.connect(query)
			p.session.Pause()
			for range 20 { // it waits for as long as it polls
				p.poll()
			}
			if st.engine.Len() != 1 {
				t.Fatalf("%s: the session has ended while the client polled", query)
			}
			advance(silence + 25*time.Second)
			st.wantClosed(p.session, PingTimeout)
		})
	}
}

// A session ends for its handler when its last message has been handled.
func TestClosedComesAfterMessage(t *testing.T) {
	var handling atomic.Bool
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onMessage = func(s *Session, _ []byte, _ bool) {
			handling.Store(true)
			defer handling.Store(false)
			s.Abort()
			for range 100 {
				runtime.Gosched() // Closed could run now
			}
		}
		w.onClosed = func(*Session) {
			if handling.Load() {
				t.Error("Closed was called before Message has returned")
			}
		}
	})
	c, s := st.join(websocket3)
	c.send("4a")
	st.wantClosed(s, InternalError)
}

package engine

import (
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

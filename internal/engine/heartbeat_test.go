package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// bubble runs f with synctest's clock, so that times are exact.
func bubble(t *testing.T, f func(t *testing.T, st *testServer)) {
	synctest.Test(t, func(t *testing.T) { f(t, newPipeServer(t, Config{})) })
}

// wantEndAfter checks that a session ends with a ping timeout after d.
func (st *testServer) wantEndAfter(s *Session, d time.Duration) {
	st.t.Helper()
	advance(d - time.Millisecond)
	synctest.Wait()
	st.wantOpen(s)
	advance(2 * time.Millisecond)
	synctest.Wait()
	st.wantClosed(s, PingTimeout)
}

func TestSilence3(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		answered := p.pending()
		st.wantEndAfter(p.session, 30*time.Second-time.Millisecond) // pending took 1 ms
		p.wantAnswered(answered, "1:1")
		p.wantUnknown()

		c, s := st.join(websocket3)
		st.wantEndAfter(s, 30*time.Second)
		c.wantClose(0)
	})
}

// Polls without packets and the pings and pongs of websockets do not move the
// deadline.
func TestNotAHeartbeat3(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c, s := st.join(websocket3)
		advance(20 * time.Second)
		p.session.Send(Message{Data: []byte("hello")})
		p.wantPoll("6:4hello")
		p.post("0:")
		c.frame(ws.NewPingFrame(nil))
		c.next()
		s.Send(Message{Data: []byte("hello")})
		c.want("4hello")
		advance(9 * time.Second)
		synctest.Wait()
		st.wantOpen(s)
		st.wantOpen(p.session)
		advance(2 * time.Second)
		synctest.Wait()
		if n := len(st.closed); n != 2 {
			t.Errorf("31 s after the last packet %d of 2 sessions have ended", n)
		}
	})
}

func TestHeartbeat3(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c, s := st.join(websocket3)
		for range 100 {
			advance(25 * time.Second)
			p.post("1:2")
			p.wantPoll("1:3")
			c.ping()
		}
		for _, text := range []string{"4hello", "6", "3", "b9"} { // every packet counts
			advance(29 * time.Second)
			c.send(text)
			p.post("1:6")
		}
		synctest.Wait()
		advance(29 * time.Second)
		st.wantOpen(s)
		st.wantOpen(p.session)
	})
}

func TestUpgradeMovesDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		advance(25 * time.Second)
		c := p.probe()
		c.send("5")
		synctest.Wait()
		st.wantEndAfter(p.session, 30*time.Second)
	})
}

// A probe does not move the deadline: the client may have lost its polling
// connection.
func TestProbeDoesNotMoveDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		advance(25 * time.Second)
		c := p.probe()
		st.wantEndAfter(p.session, 5*time.Second)
		c.wantClose(0)
	})
}

// pinged reports whether the server awaits a pong.
func pinged(s *Session) bool {
	s.mu.Lock()
	defer s.unlock()
	return s.awaitPong
}

func TestPings4(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling4)
		c, s := st.join(websocket4)
		for range 100 {
			advance(25*time.Second - time.Millisecond)
			synctest.Wait()
			if pinged(p.session) || pinged(s) {
				t.Fatal("the server sent a ping before the interval was over")
			}
			advance(time.Millisecond)
			c.want("2")
			p.wantPoll("2")
			advance(10 * time.Second)
			c.send("3")
			p.post("3")
			synctest.Wait()
		}
		advance(24 * time.Second)
		st.wantOpen(s)
		st.wantOpen(p.session)
	})
}

func TestSilence4(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling4)
		answered := p.pending()
		advance(25*time.Second - time.Millisecond) // pending took 1 ms
		p.wantAnswered(answered, "2")
		answered = p.pending()
		st.wantEndAfter(p.session, 20*time.Second-time.Millisecond)
		p.wantAnswered(answered, "1")

		c, s := st.join(websocket4)
		c.frame(ws.NewTextFrame([]byte("4hello"))) // does not delay the ping
		st.wantEndAfter(s, 45*time.Second)
		c.want("2")
		c.wantClose(0)
	})
}

// A client that sends messages but no pong is closed after one extension.
func TestMessageInsteadOfPong(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		advance(25 * time.Second)
		c.want("2")
		advance(19 * time.Second)
		c.send("4hello")
		synctest.Wait()
		st.wantEndAfter(s, 20*time.Second)
		c.wantClose(0)
	})
}

// A pong without a ping restarts the interval.
func TestPongWithoutPing(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		advance(20 * time.Second)
		c.send("3")
		advance(24 * time.Second)
		synctest.Wait()
		if pinged(s) {
			t.Error("the pong did not delay the next ping")
		}
		advance(time.Second)
		c.want("2")
		c3, s3 := st.join(websocket3)
		c3.send("3")
		c3.ping()
		st.wantOpen(s3)
	})
}

// The timer may expire and wait for the session's lock while a packet arrives. Then
// it must not close the session.
func TestLateTimer(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p3, p4 := st.connect(polling3), st.connect(polling4)
		c, s := st.join(websocket4)
		advance(25 * time.Second) // the sessions of revision 4 have sent their pings
		c.want("2")
		c.send("3")
		p3.post("1:2")
		p4.post("3")
		synctest.Wait()
		for _, s := range []*Session{p3.session, p4.session, s} {
			s.onTimer()
			st.wantOpen(s)
			if pinged(s) {
				t.Error("a late timer sent a ping")
			}
		}
		st.wantEndAfter(p3.session, 30*time.Second)
	})
}

// The timer does nothing wrong in a session that is closing or closed.
func TestTimerAfterTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling4)
		p.session.Close()
		p.session.onTimer()
		st.wantOpen(p.session)
		advance(30 * time.Second)
		synctest.Wait()
		st.wantClosed(p.session, ForcedClose)
		p.session.onTimer()
	})
}

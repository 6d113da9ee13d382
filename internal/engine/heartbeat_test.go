package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// In a bubble nothing takes time, so that all times are exact.
func bubble(t *testing.T, f func(t *testing.T, st *testServer)) {
	synctest.Test(t, func(t *testing.T) { f(t, newPipeServer(t, Config{})) })
}

// wantEndAfter checks when, from now on, a session ends for its silence.
func (st *testServer) wantEndAfter(s *Session, d time.Duration) {
	st.t.Helper()
	pass(d - time.Millisecond)
	synctest.Wait()
	st.wantOpen(s)
	pass(2 * time.Millisecond)
	synctest.Wait()
	st.wantClosed(s, PingTimeout)
}

func TestSilence3(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		answered := p.pending()
		st.wantEndAfter(p.session, 30*time.Second-time.Millisecond) // pending takes one
		p.wantAnswered(answered, "1:1")
		p.wantUnknown()

		c, s := st.join(websocket3)
		st.wantEndAfter(s, 30*time.Second)
		c.wantClose(0)
	})
}

// Polls without packets, and what websockets have of their own, are no signs
// of life.
func TestNoSignsOfLife(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c, s := st.join(websocket3)
		pass(20 * time.Second)
		p.session.Send(Message{Data: []byte("hello")})
		p.wantPoll("6:4hello")
		p.post("0:")
		c.frame(ws.NewPingFrame(nil))
		c.next()
		s.Send(Message{Data: []byte("hello")})
		c.want("4hello")
		pass(9 * time.Second)
		synctest.Wait()
		st.wantOpen(s)
		st.wantOpen(p.session)
		pass(2 * time.Second)
		synctest.Wait()
		if n := len(st.closed); n != 2 {
			t.Errorf("after 31 s of silence %d of 2 sessions have ended", n)
		}
	})
}

func TestSignsOfLife3(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		c, s := st.join(websocket3)
		for range 100 {
			pass(25 * time.Second)
			p.post("1:2")
			p.wantPoll("1:3")
			c.ping()
		}
		for _, text := range []string{"4hello", "6", "3", "b9"} { // anything will do
			pass(29 * time.Second)
			c.send(text)
			p.post("1:6")
		}
		synctest.Wait()
		pass(29 * time.Second)
		st.wantOpen(s)
		st.wantOpen(p.session)
	})
}

func TestUpgradeIsASignOfLife(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		pass(25 * time.Second)
		c := p.probe()
		c.send("5")
		synctest.Wait()
		st.wantEndAfter(p.session, 30*time.Second)
	})
}

// A probe, on the other hand, is none: it may be all that is left of a client.
func TestProbeIsNoSignOfLife(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		pass(25 * time.Second)
		c := p.probe()
		st.wantEndAfter(p.session, 5*time.Second)
		c.wantClose(0)
	})
}

// pinged tells whether a ping waits for its pong.
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
			pass(25*time.Second - time.Millisecond)
			synctest.Wait()
			if pinged(p.session) || pinged(s) {
				t.Fatal("a ping went out too early")
			}
			pass(time.Millisecond)
			c.want("2")
			p.wantPoll("2")
			pass(10 * time.Second)
			c.send("3")
			p.post("3")
			synctest.Wait()
		}
		pass(24 * time.Second)
		st.wantOpen(s)
		st.wantOpen(p.session)
	})
}

func TestSilence4(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling4)
		answered := p.pending()
		pass(25*time.Second - time.Millisecond) // pending takes one
		p.wantAnswered(answered, "2")
		answered = p.pending()
		st.wantEndAfter(p.session, 20*time.Second-time.Millisecond)
		p.wantAnswered(answered, "1")

		c, s := st.join(websocket4)
		c.frame(ws.NewTextFrame([]byte("4hello"))) // does not put off the ping
		st.wantEndAfter(s, 45*time.Second)
		c.want("2")
		c.wantClose(0)
	})
}

// Who talks but does not answer a ping is there, but not for ever.
func TestTalkInsteadOfPong(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		pass(25 * time.Second)
		c.want("2")
		pass(19 * time.Second)
		c.send("4hello")
		synctest.Wait()
		st.wantEndAfter(s, 20*time.Second)
		c.wantClose(0)
	})
}

// A pong that nobody asked for is taken for what it is.
func TestUnaskedPong(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		c, s := st.join(websocket4)
		pass(20 * time.Second)
		c.send("3")
		pass(24 * time.Second)
		synctest.Wait()
		if pinged(s) {
			t.Error("the ping came at its old time")
		}
		pass(time.Second)
		c.want("2")
		c3, s3 := st.join(websocket3)
		c3.send("3")
		c3.ping()
		st.wantOpen(s3)
	})
}

// A timer may run out, wait for the session's lock while a packet comes, and
// only then look. It closes nothing that is alive.
func TestTimerBehindAPacket(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p3, p4 := st.connect(polling3), st.connect(polling4)
		c, s := st.join(websocket4)
		pass(25 * time.Second) // the sessions of revision 4 have sent their pings
		c.want("2")
		c.send("3")
		p3.post("1:2")
		p4.post("3")
		synctest.Wait()
		for _, s := range []*Session{p3.session, p4.session, s} {
			s.onTimer()
			st.wantOpen(s)
			if pinged(s) {
				t.Error("a late timer has sent a ping")
			}
		}
		st.wantEndAfter(p3.session, 30*time.Second)
	})
}

// A timer that runs out while the session is closed, or closing, does no harm.
func TestTimerAfterTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling4)
		p.session.Close()
		p.session.onTimer()
		st.wantOpen(p.session)
		pass(30 * time.Second)
		synctest.Wait()
		st.wantClosed(p.session, ForcedClose)
		p.session.onTimer()
	})
}

package engine

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/panics"
)

// A brokenFeed is an empty Feed that panics where it is told to.
type brokenFeed struct{ next, lag atomic.Bool }

func (f *brokenFeed) Next() []byte {
	if f.next.Load() {
		panic("Next broke")
	}
	return nil
}

func (f *brokenFeed) Lag() int {
	if f.lag.Load() {
		panic("Lag broke")
	}
	return 0
}

// recorded returns a Config whose panics are counted and logged.
func recorded() (Config, *panics.Recorder, *bytes.Buffer) {
	log := &bytes.Buffer{}
	r := panics.New(slog.New(slog.NewTextHandler(log, nil)))
	return Config{Panics: r}, r, log
}

// wantPanics waits until n panics were counted, all at one place.
func wantPanics(t *testing.T, r *panics.Recorder, at panics.Place, n int64) {
	t.Helper()
	eventually(t, "the panic is counted", func() bool { return r.Counts()[at] >= n })
	for place, got := range r.Counts() {
		if place == at && got != n || place != at && got != 0 {
			t.Errorf("%d panics were counted at %s; want %d at %s and no others", got, place, n, at)
		}
	}
}

// wantAborted checks that the server closes the connection, with or without a close frame.
func (c *wsClient) wantAborted() {
	c.t.Helper()
	if f, err := c.tryNext(); err == nil && f.Header.OpCode != ws.OpClose {
		c.t.Errorf("got frame %+v %q, want the end of the connection", f.Header, f.Payload)
	}
	c.wantEnd()
}

// A panic that a client causes ends its session, which releases all it held, and no
// other session.
func TestPanicEndsTheSession(t *testing.T) {
	for _, test := range []struct {
		name   string
		at     panics.Place
		reason Reason
		cause  func(st *testServer) *Session
	}{
		{"in Message, from a websocket", panics.WebSocket, InternalError, func(st *testServer) *Session {
			c, s := st.join(websocket4)
			c.send("4panic")
			c.wantAborted()
			return s
		}},
		{"in Message, from a POST", panics.Request, InternalError, func(st *testServer) *Session {
			p := st.connect(polling3)
			if a, err := p.try(t.Context(), "POST", p.query, "6:4panic", nil); err == nil {
				t.Errorf("the POST was answered with %d", a.status)
			}
			return p.session
		}},
		{"in Opened, of a websocket", panics.Handler, InternalError, func(st *testServer) *Session {
			c := st.open(websocket3 + "&panic=1")
			c.wantClose(0)
			return nil
		}},
		{"in Opened, of a polling session", panics.Handler, InternalError, func(st *testServer) *Session {
			if a := st.do("GET", polling4+"&panic=1", ""); a.status != 200 || !strings.HasSuffix(a.body, "1") {
				t.Errorf("the handshake got %d %q, want the end of the session", a.status, a.body)
			}
			return nil
		}},
		{"in the feed, during a poll", panics.Request, InternalError, func(st *testServer) *Session {
			p := st.connect(polling4)
			f := &brokenFeed{}
			p.session.Attach(f)
			f.lag.Store(true)
			// net/http repeats a GET whose connection fails. By then the session has ended.
			if a, err := p.try(t.Context(), "GET", p.query, "", nil); err == nil && a.status != 400 {
				t.Errorf("the poll was answered with %d", a.status)
			}
			return p.session
		}},
		{"in the feed, during an upgrade", panics.WebSocket, InternalError, func(st *testServer) *Session {
			p := st.connect(polling3)
			f := &brokenFeed{}
			p.session.Attach(f)
			c := p.probe()
			f.next.Store(true)
			c.send("5")
			c.wantAborted()
			return p.session
		}},
		{"in Closed", panics.Handler, TransportClose, func(st *testServer) *Session {
			c, s := st.join(websocket3)
			s.Value = "panic"
			c.frame(ws.NewCloseFrame(nil))
			c.wantClose(0)
			return s
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, recorder, log := recorded()
			st := newTestServer(t, cfg, func(w *testHandler) {
				w.onMessage = func(_ *Session, data []byte, _ bool) {
					if string(data) == "panic" {
						panic("on purpose")
					}
					w.received <- string(data)
				}
				w.onOpen = func(s *Session) {
					if url := s.Handshake().URL; url.Query().Has("panic") {
						w.note(s, "opened")
						panic("on purpose")
					}
				}
				w.onClosed = func(s *Session) {
					if s.Value == "panic" {
						panic("on purpose")
					}
				}
			})
			bystander, _ := st.join(websocket4)
			s := test.cause(st)
			got := await(t, st.closed, "the end of the session")
			if got.reason != test.reason || s != nil && got.session != s {
				t.Errorf("session %s ended with %q, want %q", got.session.id, got.reason, test.reason)
			}
			wantPanics(t, recorder, test.at, 1)
			if !strings.Contains(log.String(), "stack=") || !strings.Contains(log.String(), "abort_test.go") {
				t.Errorf("the log does not show where the panic was: %s", log)
			}
			bystander.send("4hello")
			st.wantReceived("hello")
		})
	}
}

// The same for goroutines that no request and no packet starts.
func TestPanicInTheBackground(t *testing.T) {
	for at, cause := range map[panics.Place]func(*Session, *brokenFeed){
		panics.Timer: func(_ *Session, f *brokenFeed) {
			f.lag.Store(true)
			advance(30 * time.Second) // the ping that is due looks for a backlog
		},
		panics.Write: func(s *Session, f *brokenFeed) {
			f.next.Store(true)
			s.Send(Message{Data: []byte("hello")}) // a pipe is always full, so a goroutine writes
		},
	} {
		t.Run(string(at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, recorder, _ := recorded()
				st := newPipeServer(t, cfg)
				c, s := st.join(websocket4)
				f := &brokenFeed{}
				s.Attach(f)
				read := make(chan struct{})
				go func() { // a pipe holds nothing
					defer close(read)
					for {
						if _, err := c.tryNext(); err != nil {
							return
						}
					}
				}()
				synctest.Wait() // the open packet has been written
				cause(s, f)
				st.wantClosed(s, InternalError)
				<-read
				wantPanics(t, recorder, at, 1)
			})
		})
	}
}

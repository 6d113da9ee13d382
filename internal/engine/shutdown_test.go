package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// Shutdown ends sessions in all states.
func TestShutdown(t *testing.T) {
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	idle := st.connect(polling3)
	waiting := st.connect(polling3)
	answered := waiting.pending()
	posting := st.connect(polling3)
	slow := posting.slowPost()
	probing := st.connect(polling3)
	probe := probing.probe()
	upgraded := st.connect(polling3)
	late := upgraded.probe()
	late.send("5")
	late.ping()
	closing := st.connect(polling3)
	closing.session.Close()
	c3, _ := st.join(websocket3)
	c4, _ := st.join(websocket4)
	st.stalled()

	ended := make(chan error)
	go func() { ended <- st.engine.Shutdown(t.Context()) }()
	waiting.wantAnswered(answered, "1:1")
	slow.wantEnd()
	for _, c := range []*wsClient{probe, late, c3, c4} {
		c.wantClose(0)
	}
	if err := await(t, ended, "the end of Shutdown"); err != nil {
		t.Error("Shutdown: ", err)
	}
	for range 9 {
		got := await(t, st.closed, "the end of a session")
		if got.reason != ServerShutdown {
			t.Errorf("session %s ended with %q, want %q", got.session.id, got.reason, ServerShutdown)
		}
	}
	idle.wantUnknown()
	if err := st.engine.Shutdown(t.Context()); err != nil {
		t.Error("a second Shutdown: ", err)
	}
}

// Shutdown may close a session while Handler.Opened runs.
func TestShutdownDuringHandshake(t *testing.T) {
	for _, query := range []string{polling3, websocket3} {
		started, release := make(chan bool), make(chan bool)
		st := newTestServer(t, Config{}, func(w *testHandler) {
			w.onOpen = func(s *Session) {
				started <- true
				<-release
				s.Send(Message{Data: []byte("hello")})
				s.Close()
			}
		})
		clientDone := make(chan bool)
		go func() {
			defer close(clientDone)
			if query == websocket3 {
				st.open(query).wantClose(0)
			} else if a := st.do("GET", query, ""); a.status != 200 || a.body != "1:1" {
				t.Errorf("the handshake got status %d %q, want 1:1", a.status, a.body)
			}
		}()
		await(t, started, "a session")
		ended := make(chan error)
		go func() { ended <- st.engine.Shutdown(t.Context()) }()
		eventually(t, "Shutdown has reached the session", func() bool {
			st.engine.mu.Lock()
			defer st.engine.mu.Unlock()
			for _, s := range st.engine.sessions {
				s.mu.Lock()
				defer s.unlock()
				return s.closeOnOpen == ServerShutdown
			}
			return false
		})
		if len(st.closed) > 0 {
			t.Error("a session has ended before it was opened")
		}
		close(release)
		if err := await(t, ended, "the end of Shutdown"); err != nil {
			t.Error("Shutdown: ", err)
		}
		await(t, clientDone, "the end of the client")
		if got := await(t, st.closed, "the end of the session"); got.reason != ServerShutdown {
			t.Errorf("the session ended with %q, want %q", got.reason, ServerShutdown)
		}
	}
}

// Shutdown ends all sessions while clients keep connecting.
func TestShutdownUnderHandshakes(t *testing.T) {
	for range 10 {
		st := newTestServer(t, Config{})
		var clients sync.WaitGroup
		for i := range 8 {
			query := []string{polling3, websocket3}[i%2]
			clients.Go(func() {
				for n := 0; n < 1000; n++ {
					if i%2 == 0 {
						if st.do("GET", query, "").status != 200 {
							return
						}
					} else if c := st.open(query); !c.beginsSession() {
						return
					}
				}
			})
		}
		for range 20 {
			await(t, st.opened, "a session")
		}
		if err := st.engine.Shutdown(t.Context()); err != nil {
			t.Error("Shutdown: ", err)
		}
		if n := st.engine.Len(); n != 0 {
			t.Errorf("%d sessions are left after Shutdown", n)
		}
		clients.Wait()
	}
}

// beginsSession reports whether the server sends an open packet.
func (c *wsClient) beginsSession() bool {
	defer c.conn.Close()
	f, err := c.tryNext()
	return err == nil && f.Header.OpCode == 1
}

// Shutdown does not wait for a blocked handler longer than its context allows.
func TestShutdownTimeout(t *testing.T) {
	started, release := make(chan bool), make(chan bool)
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onMessage = func(*Session, []byte, bool) {
			started <- true
			<-release
		}
	})
	c, _ := st.join(websocket3)
	c.send("4hello")
	await(t, started, "the message")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := st.engine.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v, want a timeout", err)
	}
	close(release)
}

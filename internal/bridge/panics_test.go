package bridge

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"tsunagu/internal/engine"
	"tsunagu/internal/panics"
)

// A brokenAudience panics in Join or Leave of the namespaces that are named so.
type brokenAudience struct{}

func (brokenAudience) Join(namespace string, _ *engine.Session) engine.Feed {
	if strings.HasPrefix(namespace, "/join") {
		panic("Join broke")
	}
	return nil
}

func (brokenAudience) Leave(namespace string, _ *engine.Session) {
	if namespace == "/leave" {
		panic("Leave broke")
	}
}

// A panic of the audience, wherever the bridge calls it, ends the session and holds
// up neither others nor the end of the server.
func TestAudiencePanics(t *testing.T) {
	recorder := panics.New(nil)
	srv := New(Config{Audience: brokenAudience{}, Panics: recorder})
	srv.Namespace("/join")
	srv.OnConnect("/join-later", func(*Conn) error { return nil }) // go-socket.io calls it
	srv.Namespace("/leave")
	srv.OnEvent("/", "ping", answer("pong"))
	eng := engine.New(engine.Config{Panics: recorder}, srv)
	web := httptest.NewServer(eng)
	defer web.Close()
	url := strings.Replace(web.URL, "http", "ws", 1)
	bystander := dial(t, url, 3)
	for _, test := range []struct {
		namespace string
		at        panics.Place
	}{
		{"/join", panics.WebSocket},
		{"/join-later", panics.Handler},
		{"/leave", panics.WebSocket},
	} {
		before := recorder.Counts()[test.at]
		c := dial(t, url, 3)
		c.send("40" + test.namespace + ",")
		if test.namespace == "/leave" {
			c.expect("40/leave,")
			c.send("41/leave,")
		}
		c.expect("closed")
		if got := recorder.Counts()[test.at] - before; got != 1 {
			t.Errorf("%s: %d panics were counted at %s, want 1", test.namespace, got, test.at)
		}
		bystander.send(`427["ping"]`)
		bystander.expect(`437["pong"]`)
	}
	// The end of a session leaves its namespaces, and the panic there must not keep go-socket.io's
	// connection from ending.
	c := dial(t, url, 3)
	c.send("40/leave,")
	c.expect("40/leave,")
	c.send(`427["ping"]`)
	c.expect(`437["pong"]`)
	c.conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	if err := eng.Shutdown(ctx); err != nil {
		t.Errorf("the engine does not end: %v", err)
	}
	srv.Close()
}

// A panic in a function of the application is counted, and the session goes on.
func TestHandlerPanicIsCounted(t *testing.T) {
	recorder := panics.New(nil)
	_, url := serve(t, Config{Panics: recorder}, func(s *Server) {
		s.OnEvent("/", "panic", func(*Conn, Args) []any { panic("on purpose") })
		s.OnEvent("/", "ping", answer("pong"))
	})
	c := dial(t, url, 3)
	c.send(`42["panic"]`, `427["ping"]`)
	c.expect(`437["pong"]`)
	if got := recorder.Counts()[panics.Handler]; got != 1 {
		t.Errorf("%d panics were counted, want 1", got)
	}
}

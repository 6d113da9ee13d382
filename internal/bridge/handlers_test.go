package bridge

import (
	"errors"
	"fmt"
	"testing"

	socketio "github.com/googollee/go-socket.io"
	"github.com/googollee/go-socket.io/parser"

	"tsunagu/internal/engine"
)

func TestArgTellsWhatTheClientSent(t *testing.T) {
	heard := make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "x", func(c socketio.Conn, a, b Arg) {
			heard <- fmt.Sprintf("%s %v %q / %s %v", a.JSON(), a.Missing(), a.Attachments(), b.JSON(), b.Missing())
		})
	})
	c := dial(t, url, 3)
	for _, test := range []struct{ name, send, want string }{
		{"text", `42["x","a"]`, `"a" false [] /  true`},
		{"null and text", `42["x",null,"b"]`, `null false [] / "b" false`},
		{"nothing", `42["x"]`, ` true [] /  true`},
		{"an object", `42["x",{"v":1,"b":[2]}]`, `{"v":1,"b":[2]} false [] /  true`},
		{"a placeholder in a plain event", `42["x",{"_placeholder":true,"num":0}]`,
			`{"_placeholder":true,"num":0} false [] /  true`},
	} {
		c.send(test.send)
		if got := await(t, heard, test.name); got != test.want {
			t.Errorf("%s: the handler got %s, want %s", test.name, got, test.want)
		}
	}
	c.send(`452-["x",{"_placeholder":true,"num":1}]`)
	c.sendBinary(4, 'h', 'i')
	c.sendBinary(4, 0xff)
	want := `{"_placeholder":true,"num":1} false ["hi" "\xff"] /  true`
	if got := await(t, heard, "binary"); got != want {
		t.Errorf("binary: the handler got %s, want %s", got, want)
	}
}

func TestTypedArgumentsAndAcks(t *testing.T) {
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "add", func(c socketio.Conn, a, b int) int { return a + b })
		s.OnEvent("/", "none", func(c socketio.Conn) {})
		s.OnEvent("/", "echo", func(c socketio.Conn, b parser.Buffer) *parser.Buffer {
			return &parser.Buffer{Data: append([]byte("got "), b.Data...)}
		})
	})
	c := dial(t, url, 3)
	c.send(`427["add",1,2]`)
	c.expect("437[3]")
	c.send(`420["add",20,3]`)
	c.expect("430[23]")
	c.send(`42["add",1,2]`, `421["none"]`) // no ack is asked for; there are no results
	c.alive()
	c.send(`451-8["echo",{"_placeholder":true,"num":0}]`)
	c.sendBinary(4, 'm', 'e')
	c.expect(`461-8[{"_placeholder":true,"num":0}]`)
	c.expect("binary:\x04got me")
}

func TestHandlersCanAskTheClient(t *testing.T) {
	answers := make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "ask", func(c socketio.Conn) {
			c.Emit("question", "why", func(a string, b parser.Buffer) { answers <- a + string(b.Data) })
		})
	})
	c := dial(t, url, 3)
	c.send(`42["ask"]`)
	c.expect(`421["question","why"]`)
	c.send(`461-1["because ",{"_placeholder":true,"num":0}]`)
	c.sendBinary(4, 'x')
	if got := await(t, answers, "ack"); got != "because x" {
		t.Errorf("the ack brought %q, want %q", got, "because x")
	}
	c.send(`42["ask"]`)
	c.expect(`422["question","why"]`)
	c.send(`432[1,2]`) // does not fit: forgotten
	c.alive()
}

func TestConnectAndDisconnectHandlers(t *testing.T) {
	log := make(chan string, 10)
	_, url := serve(t, Config{}, func(s *Server) {
		for _, name := range []string{"/", "/side"} {
			s.OnConnect(name, func(c socketio.Conn) error {
				es, _ := c.Context().(*engine.Session)
				log <- fmt.Sprintf("connect %s %v", name, es != nil && es.ID() == c.ID())
				c.Emit("welcome", name)
				return nil
			})
			s.OnDisconnect(name, func(c socketio.Conn, why string) { log <- "disconnect " + name + " " + why })
		}
		s.OnEvent("/", "bye", func(c socketio.Conn) { c.Close() })
	})
	expect := func(want string) {
		t.Helper()
		if got := await(t, log, want); got != want {
			t.Fatalf("the handlers were called for %q, want %q", got, want)
		}
	}
	c := dial(t, url, 3)
	c.expect(`42["welcome","/"]`)
	expect("connect / true")
	c.send("40/side,")
	c.expect("40/side,")
	c.expect(`42/side,["welcome","/side"]`)
	expect("connect /side true")
	c.send("41")
	expect("disconnect / client namespace disconnect")
	c.send("40")
	c.expect(`42["welcome","/"]`)
	expect("connect / true")
	c.send("41/side,")
	expect("disconnect /side client namespace disconnect")
	c.conn.Close()
	expect("disconnect / transport close")

	c = dial(t, url, 3)
	c.expect(`42["welcome","/"]`)
	expect("connect / true")
	c.send(`42["bye"]`)
	c.expect("closed")
	expect("disconnect / server namespace disconnect")
}

func TestOnConnectRefuses(t *testing.T) {
	calls := make(chan string, 10)
	gate := make(chan struct{})
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnConnect("/club", func(c socketio.Conn) error {
			<-gate
			c.Emit("never")
			return errors.New("members only")
		})
		s.OnConnect("/broken", func(c socketio.Conn) error { panic("on purpose") })
		s.OnDisconnect("/club", func(c socketio.Conn, why string) { calls <- "disconnect" })
		s.OnEvent("/club", "drink", func(c socketio.Conn) { calls <- "drink" })
	})
	c := dial(t, url, 3)
	// A second CONNECT must not anticipate the decision. The pong shows that the
	// server has read it before OnConnect returns.
	c.send("40/club,", "40/club,")
	c.alive()
	close(gate)
	c.expect(`44/club,"members only"`)
	c.send(`42/club,["drink"]`)
	c.send("40/broken,")
	c.expect(`44/broken,"internal server error"`)
	c.alive()
	c.conn.Close()
	select {
	case got := <-calls:
		t.Errorf("a client that was refused reached the handler of %q", got)
	default:
	}
}

func TestEventsWaitForOnConnect(t *testing.T) {
	gate, heard := make(chan struct{}), make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnConnect("/", func(c socketio.Conn) error { <-gate; return nil })
		s.OnEvent("/", "x", func(c socketio.Conn, a Arg) { heard <- string(a.JSON()) })
	})
	c := dial(t, url, 3)
	c.send(`42["x",1]`)
	close(gate)
	if got := await(t, heard, "an event sent while OnConnect runs"); got != "1" {
		t.Errorf("the handler got %q, want 1", got)
	}
}

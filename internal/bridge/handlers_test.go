package bridge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestConnectAndDisconnectHandlers(t *testing.T) {
	log := make(chan string, 10)
	_, url := serve(t, Config{}, func(s *Server) {
		for _, name := range []string{"/", "/side"} {
			s.OnConnect(name, func(c *Conn) error {
				c.Value = "set by OnConnect of " + c.Namespace()
				log <- "connect " + name
				c.Emit("welcome", name)
				return nil
			})
			s.OnDisconnect(name, func(c *Conn, why string) {
				log <- fmt.Sprintf("disconnect %s %s, %v", name, why, c.Value)
			})
		}
		s.OnEvent("/", "bye", func(c *Conn, _ Args) []any { c.Close(); return nil })
		s.OnEvent("/side", "out", func(c *Conn, _ Args) []any { c.Disconnect(); c.Disconnect(); return nil })
		s.OnEvent("/side", "x", func(c *Conn, _ Args) []any { log <- "event behind the disconnect"; return nil })
	})
	expect := func(want string) {
		t.Helper()
		if got := await(t, log, want); got != want {
			t.Fatalf("the handlers were called for %q, want %q", got, want)
		}
	}
	for _, leave := range []string{"client", "server"} {
		c := dial(t, url, 3, "40", `42["welcome","/"]`)
		expect("connect /")
		c.send("40/side,")
		c.expect("40/side,")
		c.expect(`42/side,["welcome","/side"]`)
		expect("connect /side")
		if leave == "server" {
			c.send(`42/side,["out"]`, `42/side,["x"]`)
			c.expect("41/side,")
		} else {
			c.send("41/side,")
		}
		expect("disconnect /side " + leave + " namespace disconnect, set by OnConnect of /side")
		c.send("41")
		expect("disconnect / client namespace disconnect, set by OnConnect of /")
		c.send("40")
		c.expect("40")
		c.expect(`42["welcome","/"]`)
		expect("connect /")
		if leave == "server" {
			c.send(`42["bye"]`)
			c.expect("closed")
			expect("disconnect / forced close, set by OnConnect of /")
		} else {
			c.conn.Close()
			expect("disconnect / transport close, set by OnConnect of /")
		}
	}
}

// In protocol 5 a packet for a namespace that the client is not in ends the session,
// but not one that has crossed the server's own DISCONNECT.
func TestPacketsMayCrossADisconnect(t *testing.T) {
	_, url := serve(t, Config{}, func(s *Server) {
		s.Namespace("/side")
		s.OnEvent("/", "out", func(c *Conn, _ Args) []any { c.Disconnect(); return nil })
	})
	c := dial(t, url, 4)
	c.join("40", "40")
	c.join("40/side,", "40/side,")
	c.send(`42["out"]`)
	c.expect("41")
	c.send(`42["x"]`, "41")
	c.join("40", "40")
	c.send("41", `42["x"]`)
	c.expect("closed")
}

func TestOnConnectRefuses(t *testing.T) {
	calls := make(chan string, 10)
	gate := make(chan struct{})
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnConnect("/club", func(c *Conn) error {
			<-gate
			c.Emit("never")
			return errors.New("members only")
		})
		s.OnConnect("/broken", func(c *Conn) error { panic("on purpose") })
		s.OnDisconnect("/club", func(c *Conn, why string) { calls <- "disconnect" })
		s.OnEvent("/club", "drink", func(c *Conn, _ Args) []any { calls <- "drink"; return nil })
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

func TestRefusalInTheFirstNamespace(t *testing.T) {
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnConnect("/", func(c *Conn) error {
			switch c.Query().Get("how") {
			case "data":
				return fmt.Errorf("wrapped: %w", &ConnectError{"no", map[string]any{"code": 7}})
			case "channel":
				return &ConnectError{"no", make(chan int)}
			}
			return errors.New("no <entry>")
		})
	})
	for _, test := range []struct{ how, want3, want4 string }{
		{"", `44"no \u003centry\u003e"`, `44{"message":"no \u003centry\u003e"}`},
		{"data", `44{"code":7}`, `44{"message":"wrapped: no","data":{"code":7}}`},
		{"channel", `44"no"`, `44{"message":"no"}`},
	} {
		c := dial(t, url+"?how="+test.how, 3, test.want3)
		c.send(`42["x"]`)
		c.alive()
		c = dial(t, url+"?how="+test.how, 4)
		c.send("40")
		c.expect(test.want4)
		c.send("40")
		c.expect(test.want4)
	}
}

func TestEventsWaitForOnConnect(t *testing.T) {
	gate, heard := make(chan struct{}), make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnConnect("/side", func(c *Conn) error { <-gate; return nil })
		s.OnEvent("/side", "x", func(c *Conn, a Args) []any { heard <- string(a.JSON(0)); return nil })
	})
	c := dial(t, url, 3)
	c.send("40/side,", `42/side,["x",1]`)
	c.alive()
	close(gate)
	if got := await(t, heard, "an event sent while OnConnect runs"); got != "1" {
		t.Errorf("the handler got %q, want 1", got)
	}
}

func TestEventsBeforeTheEndAreHandled(t *testing.T) {
	gate, heard := make(chan struct{}), make(chan string, 10)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "x", func(c *Conn, a Args) []any { <-gate; heard <- string(a.JSON(0)); return nil })
		s.OnDisconnect("/", func(*Conn, string) { heard <- "end" })
	})
	c := dial(t, url, 3)
	c.send(`42["x",1]`, `42["x",2]`, `42["x",3]`)
	c.alive()
	c.conn.Close()
	close(gate)
	for _, want := range []string{"1", "2", "3", "end"} {
		if got := await(t, heard, want); got != want {
			t.Errorf("handled %s, want %s", got, want)
		}
	}
}

func TestIDsAndQueries(t *testing.T) {
	seen := make(chan *Conn, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		for _, name := range []string{"/", "/side"} {
			s.OnConnect(name, func(c *Conn) error { seen <- c; return nil })
		}
	})
	c := dial(t, url+"?a=request&b=1", 3, "40")
	root := await(t, seen, "OnConnect")
	if root.ID() != c.sid || root.Query().Encode() != "EIO=3&a=request&b=1&transport=websocket" {
		t.Errorf("in protocol 4 the id is %q of session %q, the query %q", root.ID(), c.sid, root.Query().Encode())
	}
	c.send("40/side?a=namespace&c=%26%C3%BC,")
	c.expect("40/side,")
	side := await(t, seen, "OnConnect")
	if side.ID() != "/side#"+c.sid || side.Query().Encode() != "EIO=3&a=request&b=1&c=%26%C3%BC&transport=websocket" {
		t.Errorf("in protocol 4 the second id is %q of session %q, the query %q", side.ID(), c.sid, side.Query().Encode())
	}
	if addr := side.Handshake().RemoteAddr.String(); !strings.HasPrefix(addr, "127.0.0.1:") {
		t.Errorf("the remote address is %q", addr)
	}
	c = dial(t, url, 4)
	for _, name := range []string{"", "/side,"} {
		id := c.join("40"+name, "40"+name)
		if got := await(t, seen, "OnConnect").ID(); got != id || got == c.sid {
			t.Errorf("in protocol 5 the id is %q, the client's %q, the session's %q", got, id, c.sid)
		}
	}
}

func TestReservedNames(t *testing.T) {
	for _, name := range []string{"", "connect", "disconnecting"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a handler for %q can be registered", name)
				}
			}()
			srv := New(Config{})
			defer srv.Close()
			srv.OnEvent("/", name, answer())
		}()
	}
}

package bridge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAcks(t *testing.T) {
	later := make(chan Args, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "add", add)
		s.OnEvent("/", "none", answer())
		s.OnEvent("/", "nil", func(*Conn, Args) []any { return nil })
		s.OnEvent("/", "three", answer(1, nil, []byte("x")))
		s.OnEvent("/", "later", func(_ *Conn, args Args) []any { later <- args; return nil })
		s.OnEvent("/", "twice", func(_ *Conn, args Args) []any { args.Ack("first"); return []any{"second"} })
		s.OnEvent("/", "unencodable", answer(make(chan int)))
	})
	c := dial(t, url, 3)
	c.send(`427["add",1,2]`)
	c.expect("437[3]")
	c.send(`420["add",20,3]`)
	c.expect("430[23]")
	c.send(`42["add",1,2]`, `428["nil"]`, `429["unencodable"]`, `4218446744073709551616["add",1,2]`)
	c.alive() // no ack was asked for, or none is sent
	c.send(`421["none"]`)
	c.expect(`431[]`)
	c.send(`422["three"]`)
	c.expect(`461-2[1,null,{"_placeholder":true,"num":0}]`)
	c.expect("binary:\x04x")
	c.send(`423["twice"]`)
	c.expect(`433["first"]`)
	c.send(`424["later"]`, `425["add",1,1]`)
	c.expect("435[2]")
	args := await(t, later, "the event")
	if !args.WantsAck() {
		t.Error("the arguments do not tell that the client wants an ack")
	}
	if err := args.Ack("at last"); err != nil {
		t.Errorf("a late ack: %v", err)
	}
	c.expect(`434["at last"]`)
	c.send(`426["later"]`)
	args = await(t, later, "the event")
	c.conn.Close()
	var err error
	eventually(t, "an ack for a client that has gone is an error", func() bool {
		args.request.answered.Store(false)
		err = args.Ack("too late")
		return err != nil
	})
	if err != ErrDisconnected {
		t.Errorf("an ack for a client that has gone: %v, want ErrDisconnected", err)
	}
}

func TestServerAsksForAcks(t *testing.T) {
	answers := make(chan string, 10)
	conns := make(chan *Conn, 10)
	ask := func(c *Conn, timeout time.Duration) {
		err := c.EmitWithAck(timeout, func(args Args, err error) {
			var text string
			var data []byte
			args.Decode(0, &text)
			args.Decode(1, &data)
			answers <- fmt.Sprintf("%d %s%s %v", args.Len(), text, data, err)
		}, "question", "why")
		if err != nil {
			answers <- err.Error()
		}
	}
	_, url := serve(t, Config{}, func(s *Server) {
		s.OnEvent("/", "ask", func(c *Conn, args Args) []any { conns <- c; ask(c, time.Hour); return nil })
		s.OnEvent("/", "hurry", func(c *Conn, args Args) []any { ask(c, time.Millisecond); return nil })
		s.OnDisconnect("/", func(*Conn, string) { answers <- "disconnected" })
	})
	c := dial(t, url, 3)
	expect := func(want string) {
		t.Helper()
		if got := await(t, answers, want); got != want {
			t.Errorf("the ack brought %q, want %q", got, want)
		}
	}
	c.send(`42["ask"]`)
	c.expect(`420["question","why"]`)
	c.send(`461-0["because ",{"_placeholder":true,"num":0}]`)
	c.sendBinary(4, 'x')
	expect("2 because x <nil>")
	conn := await(t, conns, "the event")
	c.send(`42["hurry"]`)
	c.expect(`421["question","why"]`)
	expect("0  " + ErrAckTimeout.Error())
	c.send(`431["too late"]`, `430["twice"]`, `43["x"]`)
	c.alive()
	c.send(`42["ask"]`)
	c.expect(`422["question","why"]`)
	c.send(`432[]`)
	expect("0  <nil>")
	c.send(`42["ask"]`)
	c.expect(`423["question","why"]`)
	c.conn.Close()
	expect("0  " + ErrDisconnected.Error())
	expect("disconnected")
	ask(conn, time.Hour)
	expect(ErrDisconnected.Error())
}

func TestAckTimeoutIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var asked time.Duration
		done := make(chan struct{})
		c := pipeClient(t, Config{}, func(s *Server) {
			s.OnEvent("/", "ask", func(c *Conn, args Args) []any {
				c.EmitWithAck(3*time.Second, func(Args, error) { asked = time.Since(start); close(done) }, "question")
				return nil
			})
		})
		start = time.Now()
		c.send(`42["ask"]`)
		<-done
		if asked != 3*time.Second {
			t.Errorf("the function was called after %v, want 3s", asked)
		}
	})
}

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

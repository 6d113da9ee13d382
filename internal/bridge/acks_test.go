package bridge

import (
	"fmt"
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

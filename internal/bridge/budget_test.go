package bridge

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// blocking registers an event whose handlers wait for gate, and records the argument of
// each by the client that sent it.
func blocking(gate chan struct{}, handled *sync.Map) func(*Server) {
	return func(s *Server) {
		s.OnEvent("/", "x", func(c *Conn, args Args) []any {
			<-gate
			all, _ := handled.LoadOrStore(c.ID(), &[]string{})
			list := all.(*[]string)
			*list = append(*list, string(args.JSON(0)))
			return nil
		})
	}
}

// Clients that fill their queues, leave and connect again add nothing above the budget.
// When the handler goes on, everything that was read before the budget was full is
// handled, in order, and so is everything of the clients that have stayed.
func TestClientsThatLeaveStayWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const maxTotal, size, perClient = 1 << 20, 10_000, 20
		gate, handled := make(chan struct{}), &sync.Map{}
		var log bytes.Buffer
		srv, connect := pipeServer(t, Config{MaxTotalQueue: maxTotal, MaxQueue: 10 * size,
			Logger: slog.New(slog.NewTextHandler(&log, nil))}, blocking(gate, handled))
		text := strings.Repeat("x", size)
		goroutines := 0
		for i := range 100 {
			c := connect()
			c.sendSlowly(perClient, text)
			synctest.Wait()
			c.conn.Close()
			<-time.After(time.Minute) // the clock of the test
			synctest.Wait()
			if i == 49 {
				goroutines = runtime.NumGoroutine()
			}
		}
		if more := runtime.NumGoroutine() - goroutines; more > 10 {
			t.Errorf("the last 50 clients have left %d goroutines behind, want none, or a few of the runtime", more)
		}
		stats := srv.Stats()
		if most := int64(maxTotal + size + 11*ioConnSize); stats.QueuedBytes < maxTotal || stats.QueuedBytes > most {
			t.Errorf("%d bytes wait, want %d to %d", stats.QueuedBytes, maxTotal, most)
		}
		var stay []*testClient
		for range 5 {
			c := connect()
			c.sendSlowly(perClient, text)
			stay = append(stay, c)
		}
		synctest.Wait()
		if n := srv.Stats().PausedSessions; n != 5 {
			t.Errorf("%d sessions are paused, want the 5 that have stayed", n)
		}
		for _, c := range stay {
			c.expect("6") // the server keeps them alive
		}
		close(gate)
		synctest.Wait()
		for _, c := range stay {
			all, _ := handled.Load(c.sid)
			if all == nil || len(*all.(*[]string)) != perClient {
				t.Errorf("not all events of a client that has stayed were handled")
			}
		}
		handled.Range(func(sid, all any) bool {
			for i, got := range *all.(*[]string) {
				if want := fmt.Sprint(i); got != want {
					t.Errorf("session %s: event %d is %s", sid, i, got)
				}
			}
			return true
		})
		if got := srv.Stats(); got != (Stats{}) {
			t.Errorf("%+v is left when all events are handled", got)
		}
		if begins, ends := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "reading from all clients"); begins == 0 || begins != ends {
			t.Errorf("the log has %d warnings and %d ends of them", begins, ends)
		}
	})
}

// sendSlowly sends events as far as the server reads them. Each has its number and a
// text.
func (c *testClient) sendSlowly(n int, text string) {
	conn := c.conn
	go func() {
		for i := range n {
			if _, err := conn.Write(clientFrame(fmt.Sprintf(`42["x",%d,"%s"]`, i, text))); err != nil {
				return
			}
		}
	}()
}

// At the budget clients still connect, disconnect and hear what is sent to them. Only
// an OnConnect, which would have to wait, ends the session.
func TestWhatGoesOnAtTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, handled := make(chan struct{}), &sync.Map{}
		gone := make(chan string, 10)
		srv, connect := pipeServer(t, Config{MaxTotalQueue: 10 * overhead}, func(s *Server) {
			blocking(gate, handled)(s)
			s.Namespace("/quiet")
			s.OnConnect("/asks", func(*Conn) error { return nil })
			s.OnDisconnect("/asks", func(_ *Conn, reason string) { gone <- reason })
		})
		before := connect()
		before.send("40/asks,")
		before.expect("40/asks,")
		filler := connect()
		filler.sendSlowly(100, "")
		synctest.Wait()
		c := connect()
		c.send("40/quiet,")
		c.expect("40/quiet,")
		c.send("2")
		c.expect("3")
		before.send("41/asks,")
		if got := <-gone; got != "client namespace disconnect" {
			t.Errorf("the reason of the disconnect is %q", got)
		}
		c.send("40/asks,")
		if op := c.read(); op != "closed" {
			t.Errorf("a CONNECT that needs a handler got %q, want the end of the session", op)
		}
		filler.conn.Close()
		close(gate)
		synctest.Wait()
		if got := srv.Stats(); got != (Stats{}) {
			t.Errorf("%+v is left", got)
		}
	})
}

// Packets get room in the order in which they came, one larger than the budget, too.
func TestBudgetIsFair(t *testing.T) {
	b := &budget{max: 100, logger: slog.New(slog.DiscardHandler)}
	for _, size := range []int{99, 1000} { // the second is above it, and nothing waits
		if !b.tryReserve(size) {
			t.Fatalf("no room for %d bytes at %d", size, b.bytes.Load())
		}
	}
	first, second, third := b.beginWait(60), b.beginWait(60), b.beginWait(60)
	admitted := func() (n int) {
		for _, e := range []*waiter{first.Value.(*waiter), second.Value.(*waiter), third.Value.(*waiter)} {
			select {
			case <-e.room:
				n++
			default:
				return n
			}
		}
		return n
	}
	b.release(99)
	if n := admitted(); n != 0 {
		t.Errorf("%d packets were admitted at 1000 bytes", n)
	}
	b.release(1000)
	if n := admitted(); n != 2 || b.tryReserve(1) {
		t.Errorf("%d packets were admitted, want two, and nobody before the third", n)
	}
	b.endWait(third) // its session has ended
	for range 3 {
		b.release(60)
	}
	if b.bytes.Load() != 0 || b.full() {
		t.Errorf("%d bytes are left", b.bytes.Load())
	}
}

// An attachment that has arrived is not kept by a handler that still runs when the
// session has ended.
func TestAttachmentsEndWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		srv, connect := pipeServer(t, Config{}, blocking(gate, &sync.Map{}))
		var cl *client
		srv.OnEvent("/", "who", func(c *Conn, _ Args) []any { cl = c.client; <-gate; return nil })
		c := connect()
		c.send(`42["who"]`, `452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		c.sendBinary(4, 1, 2, 3)
		c.alive()
		c.conn.Close()
		synctest.Wait()
		if cl == nil || cl.pending != nil {
			t.Error("the first of two attachments is kept")
		}
		close(gate)
	})
}

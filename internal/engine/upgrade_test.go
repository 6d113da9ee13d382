package engine

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// openWebSocket opens a websocket for a polling session.
func (p *polling) openWebSocket() *wsClient {
	p.t.Helper()
	return p.open(strings.Replace(p.query, "polling", "websocket", 1))
}

// probe opens a websocket and completes the probe.
func (p *polling) probe() *wsClient {
	p.t.Helper()
	c := p.openWebSocket()
	c.send("2probe")
	c.want("3probe")
	return c
}

// wantPolling checks that the session still works over polling.
func (p *polling) wantPolling() {
	p.t.Helper()
	eventually(p.t, "the probe is over", func() bool {
		p.session.mu.Lock()
		defer p.session.mu.Unlock()
		return p.session.probing == nil
	})
	if got := p.session.Transport(); got != "polling" {
		p.t.Errorf("the transport is %s, want polling", got)
	}
	p.session.Send(Message{Data: []byte("still here")})
	if a := p.poll(); !strings.Contains(a.body, "4still here") {
		p.t.Errorf("the poll got status %d %q", a.status, a.body)
	}
}

// wantUpgraded checks that the session works over the websocket only.
func (p *polling) wantUpgraded(c *wsClient) {
	p.t.Helper()
	if p.session.revision == Revision3 {
		c.ping()
	} else {
		c.send("4there?")
		p.wantReceived("there?")
	}
	p.wantOpen(p.session)
	if got := p.session.Transport(); got != "websocket" {
		p.t.Errorf("the transport is %s, want websocket", got)
	}
	wantError(p.t, p.poll(), errBadRequest)
	wantError(p.t, p.do("POST", p.query, "6:4hello"), errBadRequest)
}

// What is too long for a message is so for a probe.
func TestProbeTooLarge(t *testing.T) {
	st := newTestServer(t, Config{MaxPayload: 1000})
	p := st.connect(polling3)
	c := p.probe()
	c.send(strings.Repeat("x", 1001))
	c.wantClose(1009)
	p.wantPolling()
	wantCount(t, "refused", st.engine.Stats().Refused, map[RefuseReason]int64{RefusedTooLarge: 1})
}

func TestUpgrade(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{polling3, polling4, polling3 + "&b64=1"} {
		p := st.connect(query)
		c := p.probe()
		p.session.Send(Message{Data: []byte("while probing")})
		if a := p.poll(); !strings.Contains(a.body, "4while probing") {
			t.Errorf("the poll got %q", a.body)
		}
		p.session.Send(Message{Data: []byte("between")})
		c.send("5", "4first")
		c.want("4between")
		p.wantReceived("first")
		p.wantUpgraded(c)
	}
}

func TestUpgradeWithoutProbe(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	c := p.openWebSocket()
	c.send("5")
	p.wantUpgraded(c)
}

// The websocket uses the revision of the session.
func TestUpgradeRevision(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling4)
	if _, resp := st.raw("GET", "EIO=3&transport=websocket&sid="+p.session.id, upgradeHeaders, ""); resp.StatusCode != 400 {
		t.Errorf("a websocket of another revision got %s, want 400", resp.Status)
	}
	c := st.open("EIO=4&transport=websocket&sid=" + p.session.id)
	c.send("5")
	p.session.Send(Message{[]byte{1, 2}, true})
	if f := c.next(); f.Header.OpCode != ws.OpBinary || string(f.Payload) != "\x01\x02" {
		t.Errorf("got %+v %x, want the bytes of revision 4", f.Header, f.Payload)
	}
}

func TestUpgradeWithPendingPoll(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	c := p.openWebSocket()
	answered := p.pending()
	c.send("5")
	p.wantAnswered(answered, "1:1")
	p.wantUpgraded(c)
}

// The upgrade aborts a running POST. The session goes on over the websocket.
func TestUpgradeWithPendingPost(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	c := p.probe()
	slow := p.slowPost()
	c.send("5")
	slow.wantEnd()
	p.wantUpgraded(c)
	if len(p.received) > 0 {
		t.Error("the handler received ", <-p.received)
	}
}

// While a websocket probes, a pending poll gets a noop after 100 ms, and so does
// each poll after it.
func TestNoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeServer(t, Config{}).connect(polling3)
		c := p.openWebSocket()
		answered := p.pending()
		advance(time.Second)
		synctest.Wait()
		if len(answered) > 0 {
			t.Errorf("before the probe the poll was answered with %q", (<-answered).body)
		}
		c.send("2probe")
		c.want("3probe")
		for range 3 {
			start := time.Now()
			p.wantAnswered(answered, "1:6")
			if took := time.Since(start); took > noopInterval || took < noopInterval*9/10 {
				t.Errorf("the noop came after %v, want %v", took, noopInterval)
			}
			answered = p.pending()
		}
		p.session.Send(Message{Data: []byte("hello")})
		p.wantAnswered(answered, "6:4hello")
		advance(time.Second) // without polls no noops are queued
		c.send("5")
		c.ping()
		advance(time.Second)
		p.wantUpgraded(c)
	})
}

// A wrong packet on a probing websocket closes the websocket and not the session.
func TestFailedProbes(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	for name, fail := range map[string]func(c *wsClient){
		"message":       func(c *wsClient) { c.send("4hello"); c.wantClose(0) },
		"ping":          func(c *wsClient) { c.send("2"); c.wantClose(0) },
		"other probe":   func(c *wsClient) { c.send("2prob"); c.wantClose(0) },
		"noop":          func(c *wsClient) { c.send("6"); c.wantClose(0) },
		"malformed":     func(c *wsClient) { c.send("x"); c.wantClose(0) },
		"closes":        func(c *wsClient) { c.frame(ws.NewCloseFrame(nil)); c.next(); c.wantEnd() },
		"vanishes":      func(c *wsClient) { c.conn.Close() },
		"invalid UTF-8": func(c *wsClient) { c.frame(ws.NewTextFrame([]byte("2\xff"))); c.wantClose(1007) },
		"unmasked":      func(c *wsClient) { c.write(ws.MustCompileFrame(ws.NewTextFrame(nil))); c.wantClose(1002) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &polling{st.in(t), p.query, p.session}
			fail(p.openWebSocket())
			p.wantPolling()
			fail(p.probe())
			p.wantPolling()
		})
	}
	c := p.probe()
	c.frame(ws.NewPingFrame([]byte("a"))) // no packet at all
	if f := c.next(); f.Header.OpCode != ws.OpPong || string(f.Payload) != "a" {
		t.Errorf("a websocket's ping while probing got %+v %q", f.Header, f.Payload)
	}
	c.send("2probe")
	c.want("3probe")
	c.send("5")
	p.wantUpgraded(c)
	if len(st.received) > 0 {
		t.Error("the handler received ", <-st.received)
	}
}

func TestSecondProbe(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	c := p.probe()
	p.openWebSocket().wantClose(0)
	c.send("5")
	p.wantUpgraded(c)
	p.openWebSocket().wantClose(0) // after the upgrade
	_, s := st.join(websocket3)
	st.open(websocket3 + "&sid=" + s.id).wantClose(0) // never polled
	st.wantOpen(s)
	p.wantUpgraded(c)
}

func TestProbeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeServer(t, Config{PingInterval: time.Hour}).connect(polling3)
		for _, c := range []*wsClient{p.openWebSocket(), nil} {
			if c == nil {
				c = p.probe()
			}
			advance(9 * time.Second)
			p.openWebSocket().wantClose(0) // only one websocket may probe
			advance(time.Second)
			c.wantClose(0)
			p.wantPolling()
		}
	})
}

func TestCloseWhileProbing(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	c := p.probe()
	p.post("1:1")
	c.wantClose(0)
	p.wantClosed(p.session, TransportClose)

	p = st.connect(polling3) // closed in order: the upgrade may still happen
	c = p.probe()
	p.session.Send(Message{Data: []byte("hello")})
	p.session.Close()
	c.send("5")
	c.want("4hello")
	c.wantClose(0)
	p.wantClosed(p.session, ForcedClose)

	p = st.connect(polling3)
	c = p.probe()
	p.session.fail(PingTimeout)
	c.wantClose(0)
	p.wantClosed(p.session, PingTimeout)
}

// Messages sent during the upgrade, by Send and by a feed, arrive in order and once.
func TestUpgradeUnderTraffic(t *testing.T) {
	const n = 2000
	st := newTestServer(t, Config{MaxQueue: 64 << 20})
	for range 5 {
		p := st.connect(polling3 + "&b64=1")
		got := &transcript{}
		var sending sync.WaitGroup
		log := &feedLog{}
		p.session.Attach(log.start())
		sending.Go(func() {
			for i := range n {
				p.session.Send(Message{Data: []byte(numbered("own", i))})
				log.add(numbered("shared", i))
				flush(p.session)
			}
		})
		var probed atomic.Bool
		polled := make(chan bool)
		go func() {
			defer close(polled)
			for !probed.Load() {
				got.payload(t, p.poll().body)
			}
		}()
		c := p.probe()
		probed.Store(true)
		await(t, polled, "the last poll")
		c.send("5")
		for got.own < n || got.shared < n {
			got.line(t, c.text()[1:])
		}
		sending.Wait()
		p.wantUpgraded(c)
	}
}

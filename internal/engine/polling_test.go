package engine

import (
	"context"
	"net"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const octets = "application/octet-stream"

func TestPollingMessages(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, test := range []struct{ name, query, body, contentType, want string }{
		{"text", polling3, "6:4hello", "text/plain", "hello"},
		{"Japanese counts characters", polling3, "7:4こんにちは。", "text/plain", "こんにちは。"},
		{"emoji counts two", polling3, "5:4😀😀", "text/plain", "😀😀"},
		{"base64", polling3, "6:b4AQID", "text/plain", "binary 010203"},
		{"binary payload", polling3, "\x01\x04\xff\x04\x01\x02\x03", octets, "binary 010203"},
		{"text in a binary payload", polling3, "\x00\x07\xff4日本", octets, "日本"},
		{"form", polling3 + "&j=0", "d=" + url.QueryEscape(`13:4日本\nb\\nc\\\n😀`), "", "日本\nb\\nc\\\\n😀"},
		{"revision 4", polling4, "4こんにちは😀", "text/plain", "こんにちは😀"},
		{"revision 4, binary", polling4, "bAQID", "text/plain", "binary 010203"},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := st.in(t)
			p := st.connect(test.query)
			p.post(test.body, "Content-Type", test.contentType)
			p.wantReceived(test.want)
		})
	}
}

func TestPollingSends(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, test := range []struct{ name, query, contentType, want string }{
		{"revision 3", polling3, octets, "\x00\x01\x01\xff4日本😀\x01\x04\xff\x04\x01\x02\x03"},
		{"revision 3, base64", polling3 + "&b64=1", "text/plain; charset=UTF-8", "5:4日本😀6:b4AQID"},
		{"revision 4", polling4, "text/plain; charset=UTF-8", "4日本😀\x1ebAQID"},
		{"JSONP", polling3 + "&j=5&b64=1", "text/plain; charset=UTF-8", `___eio[5]("5:4日本😀6:b4AQID");`},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := st.in(t)
			p := st.connect(test.query)
			p.session.Send(Message{Data: []byte("日本😀")})
			p.session.Send(Message{[]byte{1, 2, 3}, true})
			a := p.poll()
			if a.body != test.want {
				t.Errorf("got %q, want %q", a.body, test.want)
			}
			wantHeader(t, a, "Content-Type", test.contentType)
			answered := p.pending()
			p.session.Send(Message{Data: []byte("later")})
			if a := await(t, answered, "an answer"); !strings.Contains(a.body, "4later") {
				t.Errorf("the pending poll was answered with %q, want the message later", a.body)
			}
		})
	}
}

// JavaScript, unlike JSON, does not allow U+2028 and U+2029 in strings.
func TestJSONPLineSeparators(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3 + "&j=0")
	p.session.Send(Message{Data: []byte("\u2028\u2029\"\\")})
	p.wantPoll(`___eio[0]("5:4\u2028\u2029\"\\");`)
}

func TestPing(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	p.post("1:26:2probe")
	p.wantPoll("1:31:3") // the payload of a ping is not echoed
	st.connect(polling4).post("2")
	if got := await(t, st.closed, "the end of the session"); got.reason != TransportError {
		t.Errorf("a ping in revision 4 ended the session with %q, want %q", got.reason, TransportError)
	}
	st.wantOpen(p.session)
}

// The answer to a malformed POST is ok; packets before the malformed one count.
func TestMalformedPayload(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, test := range []struct{ query, body, contentType string }{
		{polling3, "6:4hello1:", "text/plain"},
		{polling3, "6:4hello9", ""},
		{polling3, "6:4hello1:9", octets + ";x"}, // the content type must match exactly
		{polling3, "\x00\x06\xff4hello\x00\x01\xff9", octets},
		{polling3 + "&j=0", "d=6%3A4hello1%3A", ""},
		{polling4, "4hello\x1e", ""},
	} {
		p := st.connect(test.query)
		answered := p.pending()
		p.post(test.body, "Content-Type", test.contentType)
		p.wantReceived("hello")
		want := map[string]string{polling3: "1:1", polling4: "1"}[test.query]
		if want == "" {
			want = `___eio[0]("1:1");`
		}
		p.wantAnswered(answered, want)
		p.wantClosed(p.session, ParseError)
		p.wantUnknown()
	}
}

func TestEmptyBodies(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	p.post("", "Content-Type", octets)
	p.post("0:0:")
	j := st.connect(polling3 + "&j=0")
	j.post("e=1%3A2")
	j.post("d=1%3A9&d=1%3A9")
	st.wantOpen(j.session)
	st.wantOpen(p.session)
	p.post("")
	st.wantClosed(p.session, ParseError)
}

func TestOverlappingPolls(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	answered := p.pending()
	if a := p.poll(); a.status != 500 || a.body != "" {
		t.Errorf("the second poll got status %d %q, want 500 and nothing", a.status, a.body)
	}
	p.wantAnswered(answered, "1:1")
	p.wantClosed(p.session, TransportError)
	p.wantUnknown()
}

// slowPost sends a POST whose body is not complete.
func (p *polling) slowPost() *wsClient {
	p.t.Helper()
	conn, err := p.dial()
	if err != nil {
		p.t.Fatal("dial: ", err)
	}
	p.t.Cleanup(func() { conn.Close() })
	c := newWSClient(p.t, conn)
	c.write([]byte("POST /?" + p.query + " HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n6:4hello"))
	eventually(p.t, "a POST is being read", func() bool {
		p.session.mu.Lock()
		defer p.session.mu.Unlock()
		return p.session.post != nil
	})
	return c
}

func TestOverlappingPosts(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	slow := p.slowPost()
	if a := p.do("POST", p.query, "6:4hello"); a.status != 500 || a.body != "" {
		t.Errorf("the second POST got status %d %q, want 500 and nothing", a.status, a.body)
	}
	slow.wantEnd() // the first is reset
	p.wantClosed(p.session, TransportError)
	if len(p.received) > 0 {
		t.Error("the handler received a message: ", <-p.received)
	}
}

func TestAbortedPoll(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	ctx, abort := context.WithCancel(t.Context())
	go p.try(ctx, "GET", p.query, "", nil)
	p.awaitPoll()
	abort()
	p.wantClosed(p.session, TransportError)
}

// A connection that breaks after the answer does not end the session, which may
// have upgraded by then. The answer is lost.
func TestAbortedPollAfterItsAnswer(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	old := p.session.startPoll()
	p.session.Send(Message{Data: []byte("hello")})
	p.session.abandonPoll(old)
	p.wantOpen(p.session)
}

func TestAbortedPost(t *testing.T) {
	p := newTestServer(t, Config{}).connect(polling3)
	p.slowPost().conn.Close()
	p.wantClosed(p.session, TransportError)
}

func TestTooLongPost(t *testing.T) {
	p := newTestServer(t, Config{MaxPayload: 1000}).connect(polling3)
	p.post("996:4" + strings.Repeat("x", 995)) // 1,000 bytes
	p.wantReceived(strings.Repeat("x", 995))
	answered := p.pending()
	if a := p.do("POST", p.query, "997:4"+strings.Repeat("x", 996)); a.status != 413 {
		t.Errorf("got status %d, want 413", a.status)
	}
	wantCount(t, "refused", p.engine.Stats().Refused, map[RefuseReason]int64{RefusedTooLarge: 1})
	p.wantAnswered(answered, "1:1")
	p.wantClosed(p.session, TransportError)
}

// The answer does not wait for a body that is announced as too long.
func TestAnnouncedAsTooLong(t *testing.T) {
	p := newTestServer(t, Config{MaxPayload: 1000}).connect(polling3)
	if _, resp := p.raw("POST", p.query, "Content-Length: 1001\r\n", ""); resp.StatusCode != 413 {
		t.Errorf("got status %d, want 413", resp.StatusCode)
	}
	p.wantClosed(p.session, TransportError)
}

// Handlers that keep small messages must not keep the large bodies around them.
func TestKeptMessages(t *testing.T) {
	var kept [][]byte
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onMessage = func(_ *Session, data []byte, _ bool) { kept = append(kept, data) }
	})
	p := st.connect(polling3)
	c, _ := st.join(websocket3)
	before := heap()
	for range 5 {
		p.post("2:4a" + strings.Repeat("0:", 400_000))
		p.post("800002:b4" + strings.Repeat("!", 800_000))
		c.send("b4" + strings.Repeat("!", 800_000))
		c.ping()
	}
	if grown := heap() - before; len(kept) != 15 || grown > 3<<20 {
		t.Errorf("%d kept messages, want 15; the heap grew by %d bytes, want at most 3 MiB", len(kept), grown)
	}
	runtime.KeepAlive(kept)
}

// A connection can be used again after an answer that was read in time.
func TestConnectionAfterAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		st := newPipeServer(t, Config{PingInterval: time.Hour})
		dial := st.dial
		st.dial = func() (net.Conn, error) { dials.Add(1); return dial() }
		p := st.connect(polling3)
		for i := range 3 {
			p.session.Send(Message{Data: []byte(strconv.Itoa(i))})
			p.wantPoll("2:4" + strconv.Itoa(i))
			advance(2 * answerTimeout)
			p.post("1:6") // must not inherit the deadline
		}
		if n := dials.Load(); n != 1 {
			t.Errorf("the client used %d connections, want one", n)
		}
	})
}

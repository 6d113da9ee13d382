package engine

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The server drops an answer that the client does not read, as it holds memory
// even after the end of the session.
func TestUnreadAnswer(t *testing.T) {
	if answerTimeout > 2*time.Minute {
		t.Error("answerTimeout is ", answerTimeout, ", want at most 2 minutes")
	}
	synctest.Test(t, func(t *testing.T) {
		p := newPipeServer(t, Config{}).connect(polling3)
		p.session.Send(Message{Data: make([]byte, 100_000)})
		conn, _ := p.dial()
		c := newWSClient(t, conn)
		c.write([]byte("GET /?" + p.query + " HTTP/1.1\r\nHost: test\r\n\r\n"))
		advance(answerTimeout + time.Second)
		conn.SetReadDeadline(time.Now().Add(testTimeout))
		if got, err := io.ReadAll(conn); err != nil || len(got) > 10_000 {
			t.Errorf("the answer still arrives after the timeout: %d bytes, %v", len(got), err)
		}
	})
}

// A client that polls without reading the answers gets no further one, and is closed
// before what it does not fetch adds up.
func TestUnreadAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		message := Message{Data: make([]byte, 600_000)}
		p.session.Send(message)
		first := p.pollUnread()
		p.session.Send(message)
		second := p.pollUnread()
		st.wantOpen(p.session)

		// One that polls before the server knows that it has read is not too slow.
		first.wantAnswer(600_000)
		second.wantAnswer(600_000)

		p.session.Send(message)
		p.pollUnread()
		p.session.Send(message)
		p.pollUnread()
		st.wantOpen(p.session)
		p.session.Send(message)
		st.wantClosed(p.session, TooSlow)
	})
}

// pollUnread sends a poll and does not read the answer.
func (p *polling) pollUnread() *wsClient {
	p.t.Helper()
	conn, err := p.dial()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	c := newWSClient(p.t, conn)
	c.write([]byte("GET /?" + p.query + " HTTP/1.1\r\nHost: test\r\n\r\n"))
	synctest.Wait()
	return c
}

// wantAnswer reads an HTTP answer with a body of at least so many bytes.
func (c *wsClient) wantAnswer(least int) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal("no answer: ", err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) < least {
		c.t.Errorf("an answer of %d bytes, %v, want at least %d", len(body), err, least)
	}
}

// While an answer is unread, another one that fits in is given: a pong must not wait
// for lines.
func TestSmallAnswerPassesUnreadOne(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		p.session.Send(Message{Data: make([]byte, 600_000)})
		p.pollUnread()
		p.post("1:2")
		p.wantPoll("1:3")
	})
}

// The body of an unread answer counts, which JSONP can make six times as long.
func TestUnreadJSONP(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3 + "&j=0")
		message := Message{Data: bytes.Repeat([]byte{1}, 200_000)}
		p.session.Send(message)
		first := p.pollUnread()
		p.session.Send(message)
		second := p.pollUnread()
		if second.in.Buffered() > 0 || queued(p.session) == 0 {
			t.Error("a second answer was given before the first one was read")
		}
		first.wantAnswer(1_200_000)
		second.wantAnswer(1_200_000)
	})
}

// What the feed holds beyond the room beside unread answers follows later.
func TestFeedAnswersHaveRoom(t *testing.T) {
	bubble(t, func(t *testing.T, st *testServer) {
		p := st.connect(polling3)
		log := &feedLog{}
		p.session.Attach(log.start())
		log.add(strings.Repeat("x", 2_000_000))
		flush(p.session)
		first := p.pollUnread()
		log.add("second")
		flush(p.session)
		second := p.pollUnread()
		if second.in.Buffered() > 0 || p.session.out.lag() == 0 {
			t.Error("a second answer was given before the first one was read")
		}
		p.session.Close()
		st.wantOpen(p.session)
		first.wantAnswer(2_000_000)
		second.wantAnswer(6)
		p.wantPoll("1:61:1")
		st.wantClosed(p.session, ForcedClose)
	})
}

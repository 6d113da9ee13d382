package engine

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestWebSocketMessages(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, test := range []struct {
		name, query string
		frame       ws.Frame
		received    string
		sent        []byte // of the bytes 1, 2, 3
	}{
		{"text", websocket3, ws.NewTextFrame([]byte("4こんにちは😀")), "こんにちは😀", []byte("\x04\x01\x02\x03")},
		{"binary", websocket3, ws.NewBinaryFrame([]byte{4, 1, 2, 3}), "binary 010203", []byte("\x04\x01\x02\x03")},
		{"base64", websocket3 + "&b64=1", ws.NewTextFrame([]byte("b4AQID")), "binary 010203", []byte("b4AQID")},
		{"revision 4, text", websocket4, ws.NewTextFrame([]byte("4こんにちは😀")), "こんにちは😀", []byte("\x01\x02\x03")},
		{"revision 4, binary", websocket4, ws.NewBinaryFrame([]byte{1, 2, 3}), "binary 010203", []byte("\x01\x02\x03")},
		{"revision 4, base64", websocket4 + "&b64=1", ws.NewTextFrame([]byte("bAQID")), "binary 010203", []byte("bAQID")},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := st.in(t)
			c, s := st.join(test.query)
			c.frame(test.frame)
			st.wantReceived(test.received)
			s.Send(Message{Data: []byte("日本")})
			c.want("4日本")
			s.Send(Message{[]byte{1, 2, 3}, true})
			if f := c.next(); !bytes.Equal(f.Payload, test.sent) {
				t.Errorf("the client got %q, want %q", f.Payload, test.sent)
			}
		})
	}
}

// A client may send frames before it has the answer to its handshake.
func TestEarlyFrames(t *testing.T) {
	st := newTestServer(t, Config{})
	early := bytes.Join([][]byte{masked(ws.NewTextFrame([]byte("4a"))), masked(ws.NewTextFrame([]byte("4b")))}, nil)
	st.raw("GET", websocket3, upgradeHeaders, string(early))
	st.wantReceived("a", "b")
}

func TestFragments(t *testing.T) {
	st := newTestServer(t, Config{})
	c, _ := st.join(websocket3)
	emoji := "4a😀b"
	c.frame(ws.NewFrame(ws.OpText, false, []byte(emoji[:4]))) // in the middle of a character
	c.frame(ws.NewPingFrame([]byte("in between")))
	c.frame(ws.NewFrame(ws.OpContinuation, false, nil))
	c.frame(ws.NewPongFrame([]byte("unsolicited")))
	c.frame(ws.NewFrame(ws.OpContinuation, true, []byte(emoji[4:])))
	if f := c.next(); f.Header.OpCode != ws.OpPong || string(f.Payload) != "in between" {
		t.Errorf("the ping was answered with %+v %q", f.Header, f.Payload)
	}
	st.wantReceived("a😀b")
	c.frame(ws.NewFrame(ws.OpBinary, false, []byte{4}))
	for range 3 {
		c.frame(ws.NewFrame(ws.OpContinuation, false, bytes.Repeat([]byte{7}, 5000)))
	}
	c.frame(ws.NewFrame(ws.OpContinuation, true, []byte{8}))
	st.wantReceived("binary " + strings.Repeat("07", 15000) + "08")
}

func TestBrokenFrames(t *testing.T) {
	st := newTestServer(t, Config{MaxPayload: 1000})
	fragment := masked(ws.NewFrame(ws.OpText, false, []byte("4a")))
	for _, test := range []struct {
		name string
		data []byte
		want ws.StatusCode
	}{
		{"unmasked", ws.MustCompileFrame(ws.NewTextFrame([]byte("4a"))), 1002},
		{"reserved bit", []byte{0xc1, 0x80, 0, 0, 0, 0}, 1002},
		{"reserved opcode", []byte{0x83, 0x80, 0, 0, 0, 0}, 1002},
		{"reserved control opcode", []byte{0x8b, 0x80, 0, 0, 0, 0}, 1002},
		{"fragmented ping", []byte{0x09, 0x80, 0, 0, 0, 0}, 1002},
		{"long ping", []byte{0x89, 0xfe, 0, 126, 0, 0, 0, 0}, 1002},
		{"continuation of nothing", []byte{0x80, 0x80, 0, 0, 0, 0}, 1002},
		{"text in the middle of text", slices.Concat(fragment, fragment), 1002},
		{"negative length", []byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 1002},
		{"invalid UTF-8", masked(ws.NewTextFrame([]byte("4\xff"))), 1007},
		{"invalid UTF-8 in fragments", slices.Concat(masked(ws.NewFrame(ws.OpText, false, []byte("4\xe3"))),
			masked(ws.NewFrame(ws.OpContinuation, true, []byte("\x81")))), 1007},
		{"too long", masked(ws.NewTextFrame(make([]byte, 1001))), 1009},
		{"too long in all", slices.Concat(fragment, masked(ws.NewFrame(ws.OpContinuation, true, make([]byte, 999)))), 1009},
		{"announced as much too long", []byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 1009},
		{"close with half a code", masked(ws.NewFrame(ws.OpClose, true, []byte{3})), 1002},
		{"close with a forbidden code", masked(ws.NewCloseFrame([]byte{0x03, 0xed})), 1002},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := st.in(t)
			c, s := st.join(websocket3)
			c.write(test.data)
			c.wantClose(test.want)
			st.wantClosed(s, TransportError)
		})
	}
	if len(st.received) > 0 {
		t.Error("the handler received a broken message: ", <-st.received)
	}
	wantCount(t, "refused", st.engine.Stats().Refused, map[RefuseReason]int64{RefusedTooLarge: 3})
}

// The close frame arrives even if the client is still sending.
func TestCloseFrameWhileClientSends(t *testing.T) {
	st := newTestServer(t, Config{})
	c, s := st.join(websocket3)
	c.frame(ws.NewTextFrame(make([]byte, 5<<20)))
	c.wantClose(1009)
	st.wantClosed(s, TransportError)
}

func TestLongestMessage(t *testing.T) {
	st := newTestServer(t, Config{MaxPayload: 70_000})
	c, _ := st.join(websocket3)
	text := strings.Repeat("x", 69_999)
	c.send("4" + text)
	st.wantReceived(text)
}

// A large announced length does not allocate much memory.
func TestAnnouncedLength(t *testing.T) {
	st := newTestServer(t, Config{MaxPayload: 100 << 20})
	head := []byte{0x81, 0xff, 0, 0, 0, 0, 0x06, 0, 0, 0, 0, 0, 0, 0} // 96 MiB
	before := heap()
	for range 10 {
		c, _ := st.join(websocket3)
		c.write(head)
		c.write(make([]byte, 8000))
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("ten clients that announce 96 MiB each use %d bytes", grown)
	}
}

func TestParseErrors(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{websocket3, websocket4} {
		for _, text := range []string{"", "9", "x"} {
			c, s := st.join(query)
			c.send(text, "4too late")
			c.wantClose(0)
			st.wantClosed(s, ParseError)
		}
	}
	c, s := st.join(websocket3)
	c.frame(ws.NewBinaryFrame([]byte{9})) // unknown, and ignored
	c.frame(ws.NewBinaryFrame(nil))
	c.send("b9", "b")
	c.ping()
	st.wantOpen(s)
	if len(st.received) > 0 {
		t.Error("the handler received ", <-st.received)
	}
}

func TestClientCloses(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, body := range []ws.StatusCode{0, 1000, 1001, 4321} {
		c, s := st.join(websocket3)
		f := ws.NewCloseFrame(nil)
		if body != 0 {
			f = ws.NewCloseFrame(ws.NewCloseFrameBody(body, "bye"))
		}
		c.frame(f)
		if got := c.next(); got.Header.OpCode != ws.OpClose || !bytes.HasPrefix(f.Payload, got.Payload) {
			t.Errorf("close %d is answered with %+v %x", body, got.Header, got.Payload)
		}
		c.wantEnd()
		st.wantClosed(s, TransportClose)
	}
	c, s := st.join(websocket3)
	c.conn.Close()
	st.wantClosed(s, TransportClose)
	c, s = st.join(websocket3)
	c.write([]byte{0x81, 0x85, 1, 2}) // an incomplete frame
	c.conn.Close()
	st.wantClosed(s, TransportClose)
}

func TestPingOverWebSocket(t *testing.T) {
	st := newTestServer(t, Config{})
	c, _ := st.join(websocket3)
	c.send("2", "2probe")
	c.want("3", "3")
	c, s := st.join(websocket4)
	c.send("2")
	c.wantClose(0)
	st.wantClosed(s, TransportError)
}

// The handler receives one message at a time.
func TestOneMessageAtATime(t *testing.T) {
	started, release := make(chan string), make(chan bool)
	st := newTestServer(t, Config{}, func(w *testHandler) {
		w.onMessage = func(_ *Session, data []byte, _ bool) {
			started <- string(data)
			<-release
		}
	})
	c, s := st.join(websocket3)
	c.send("4a", "4b")
	await(t, started, "the first message")
	select {
	case text := <-started:
		t.Error("the handler received a second message before the first returned: ", text)
	default:
	}
	s.Send(Message{Data: []byte("hello")}) // the other direction is not blocked
	c.want("4hello")
	release <- true
	if got := await(t, started, "the second message"); got != "b" {
		t.Errorf("the second message is %q, want b", got)
	}
	release <- true
}

// A websocket that connects after Shutdown is closed.
func TestWebSocketAfterShutdown(t *testing.T) {
	st := newTestServer(t, Config{})
	st.engine.Shutdown(t.Context())
	c, resp := st.raw("GET", websocket3, upgradeHeaders, "")
	io.Copy(io.Discard, resp.Body)
	c.wantEnd()
	if a := st.do("GET", polling3, ""); a.status != 503 {
		t.Errorf("a polling client got status %d, want 503", a.status)
	}
}

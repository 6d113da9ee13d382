package engine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

const websocket3, websocket4 = "EIO=3&transport=websocket", "EIO=4&transport=websocket"

const upgradeHeaders = "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// A wsClient is a websocket client.
type wsClient struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newWSClient(t testing.TB, conn net.Conn) *wsClient {
	return &wsClient{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// raw sends the head of a request, followed by the bytes early, on a new
// connection.
func (st *testServer) raw(method, query, headers, early string) (*wsClient, *http.Response) {
	st.t.Helper()
	conn, err := st.dial()
	if err != nil {
		st.t.Fatal("dial: ", err)
	}
	st.t.Cleanup(func() { conn.Close() })
	c := newWSClient(st.t, conn)
	c.write([]byte(fmt.Sprintf("%s /?%s HTTP/1.1\r\nHost: test\r\n%s\r\n%s", method, query, headers, early)))
	conn.SetReadDeadline(time.Now().Add(testTimeout))
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		st.t.Fatalf("%s %s: no answer: %v", method, query, err)
	}
	return c, resp
}

// open makes the handshake of a websocket.
func (st *testServer) open(query string) *wsClient {
	st.t.Helper()
	c, resp := st.raw("GET", query, upgradeHeaders, "")
	if resp.StatusCode != 101 {
		st.t.Fatalf("websocket %s: got %s, want 101", query, resp.Status)
	}
	return c
}

// join opens a session on a websocket and reads its open packet.
func (st *testServer) join(query string) (*wsClient, *Session) {
	st.t.Helper()
	c := st.open(query)
	s := await(st.t, st.opened, "a session")
	if got := c.text(); !strings.HasPrefix(got, `0{"sid":"`+s.id+`","upgrades":[],`) {
		st.t.Fatalf("the first packet is %q", got)
	}
	return c, s
}

func (c *wsClient) write(b []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(testTimeout))
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal("write to the server: ", err)
	}
}

// frame sends one masked frame.
func (c *wsClient) frame(f ws.Frame) {
	c.t.Helper()
	c.write(masked(f))
}

func masked(f ws.Frame) []byte {
	f.Payload = bytes.Clone(f.Payload)
	return ws.MustCompileFrame(ws.MaskFrame(f))
}

// send sends text messages.
func (c *wsClient) send(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		c.frame(ws.NewTextFrame([]byte(text)))
	}
}

// next reads one frame.
func (c *wsClient) next() ws.Frame {
	c.t.Helper()
	f, err := c.tryNext()
	if err != nil {
		c.t.Fatal("no frame from the server: ", err)
	}
	return f
}

func (c *wsClient) tryNext() (ws.Frame, error) {
	c.conn.SetReadDeadline(time.Now().Add(testTimeout))
	h, err := ws.ReadHeader(c.in)
	if err != nil {
		return ws.Frame{}, err
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(c.in, f.Payload)
	return f, err
}

// text reads one whole text message.
func (c *wsClient) text() string {
	c.t.Helper()
	f := c.next()
	if f.Header.OpCode != ws.OpText || !f.Header.Fin || f.Header.Rsv != 0 || f.Header.Masked {
		c.t.Fatalf("got frame %+v %q, want a whole text message", f.Header, f.Payload)
	}
	return string(f.Payload)
}

// want checks the next text messages.
func (c *wsClient) want(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if got := c.text(); got != text {
			c.t.Errorf("the client received %.80q, want %.80q", got, text)
		}
	}
}

// wantClose checks that the server sends a close frame with a code, or without one
// for 0, and then closes the connection.
func (c *wsClient) wantClose(code ws.StatusCode) {
	c.t.Helper()
	f := c.next()
	if f.Header.OpCode != ws.OpClose {
		c.t.Fatalf("got frame %+v %q, want a close frame", f.Header, f.Payload)
	}
	got := ws.StatusCode(0)
	if len(f.Payload) > 0 {
		got, _ = ws.ParseCloseFrameData(f.Payload)
	}
	if got != code {
		c.t.Errorf("the close frame has code %d, want %d", got, code)
	}
	c.frame(ws.NewCloseFrame(f.Payload))
	c.wantEnd()
}

// wantEnd checks that the server closes the connection and sends nothing before.
func (c *wsClient) wantEnd() {
	c.t.Helper()
	f, err := c.tryNext()
	if err == nil {
		c.t.Errorf("got frame %+v %.80q, want the end of the connection", f.Header, f.Payload)
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		c.t.Error("the server did not close the connection")
	}
	c.conn.Close()
}

// ping checks that the server answers a ping, so the session is open.
func (c *wsClient) ping() {
	c.t.Helper()
	c.send("2")
	c.want("3")
}

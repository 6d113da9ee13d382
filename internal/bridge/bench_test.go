package bridge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/engine"
)

// BenchmarkText measures the way of one event from the bytes of the websocket
// to its handler: engine, this package and go-socket.io.
func BenchmarkText(b *testing.B) {
	for _, size := range []int{64, 900_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			handled := make(chan struct{}, 64)
			srv := New(Config{})
			srv.OnEvent("/", "chat", func(*Conn, Args) []any { handled <- struct{}{}; return nil })
			eng := engine.New(engine.Config{PingInterval: time.Hour}, srv)
			frame := clientFrame(`42["chat","` + strings.Repeat("x", size) + `"]`)
			conn := &memoryConn{frame: frame, more: make(chan struct{}, 64), closed: make(chan struct{})}
			eng.ServeHTTP(hijacker{httptest.NewRecorder(), conn}, upgradeRequest())
			conn.more <- struct{}{}
			<-handled // go-socket.io knows the session from here on
			b.ReportAllocs()
			for b.Loop() {
				conn.more <- struct{}{}
				<-handled
			}
			b.StopTimer()
			ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
			defer cancel()
			if err := eng.Shutdown(ctx); err != nil {
				b.Fatal(err)
			}
			srv.Close()
		})
	}
}

func upgradeRequest() *http.Request {
	r := httptest.NewRequest("GET", "/socket.io/?EIO=3&transport=websocket", nil)
	r.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	return r
}

// clientFrame is one masked text frame.
func clientFrame(text string) []byte {
	f := ws.MaskFrame(ws.NewTextFrame([]byte(text)))
	var out bytes.Buffer
	ws.WriteFrame(&out, f)
	return out.Bytes()
}

// A memoryConn is a net.Conn from which the same frame can be read once for
// each value in more. It drops what is written.
type memoryConn struct {
	frame  []byte
	rest   []byte
	more   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (c *memoryConn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		select {
		case <-c.more:
			c.rest = c.frame
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *memoryConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *memoryConn) SetDeadline(t time.Time) error {
	if !t.IsZero() { // the engine gives the client time for its close frame
		c.Close()
	}
	return nil
}

func (c *memoryConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *memoryConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *memoryConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// A hijacker is an http.ResponseWriter whose connection is conn.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(bytes.NewReader(nil)), bufio.NewWriter(h.conn)), nil
}

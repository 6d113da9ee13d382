package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tsunagu/internal/panics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A client is a connection to a server, over a pipe, so that tests can run in a
// bubble of synctest.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// connect serves h on one connection, until the end of the test.
func connect(t *testing.T, s *Server) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	l := &oneConn{conn: theirs, done: make(chan struct{})}
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(l) })
	t.Cleanup(func() {
		ours.Close()
		s.Close()
		serving.Wait()
	})
	return &client{t: t, conn: ours, in: bufio.NewReader(ours)}
}

// A oneConn is a listener with one connection.
type oneConn struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
	end  sync.Once
}

func (l *oneConn) Accept() (c net.Conn, err error) {
	l.once.Do(func() { c = l.conn })
	if c == nil {
		<-l.done
		err = net.ErrClosed
	}
	return c, err
}

func (l *oneConn) Close() error   { l.end.Do(func() { close(l.done) }); return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatalf("writing the request: %v", err)
	}
}

func (c *client) response() *http.Response {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("reading the response: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("reading the body of the response: %v", err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res
}

func (c *client) want(status int, close bool) {
	c.t.Helper()
	res := c.response()
	if res.StatusCode != status || res.Close != close {
		c.t.Errorf("status %d, connection closes: %t; want %d, %t", res.StatusCode, res.Close, status, close)
	}
}

func answer(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusRequestTimeout)
		return
	}
	w.Write(body)
}

// A handler that does not want a body does not wait for it, nor does the connection.
func TestAnswerWithoutReadingTheBody(t *testing.T) {
	for name, header := range map[string]string{
		"announced": "Content-Length: 10\r\n",
		"in chunks": "Transfer-Encoding: chunked\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, New(answer(http.StatusBadRequest), Config{}))
				start := time.Now()
				c.send("POST / HTTP/1.1\r\nHost: x\r\n" + header + "\r\n")
				c.want(http.StatusBadRequest, true)
				if waited := time.Since(start); waited > restTimeout {
					t.Errorf("the answer came after %v, want %v at most", waited, restTimeout)
				}
				io.Copy(io.Discard, c.in)
				if waited := time.Since(start); waited > time.Second {
					t.Errorf("the connection closed after %v, want a second at most", waited)
				}
			})
		})
	}
}

// The connection stays open behind a body that has arrived, although the handler has
// not read it.
func TestAnswerBehindAnUnreadBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, New(answer(http.StatusBadRequest), Config{}))
		for range 2 {
			c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
			c.want(http.StatusBadRequest, false)
		}
	})
}

// A body in chunks is served, and is the last of its connection: a Content-Length
// beside it may have told a proxy that the body ends elsewhere.
func TestChunkedBodyClosesTheConnection(t *testing.T) {
	for name, header := range map[string]string{
		"in chunks":                  "Transfer-Encoding: chunked\r\n",
		"with a length, too":         "Transfer-Encoding: chunked\r\nContent-Length: 100\r\n",
		"with a length, which first": "Content-Length: 100\r\nTransfer-Encoding: chunked\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				c := connect(t, New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests++
					echo(w, r)
				}), Config{}))
				// A proxy that goes by the length takes the second request for a part of the body.
				go io.WriteString(c.conn, "POST / HTTP/1.1\r\nHost: x\r\n"+header+"\r\n5\r\nhello\r\n0\r\n\r\n"+
					"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
				res := c.response()
				if body, _ := io.ReadAll(res.Body); string(body) != "hello" || !res.Close {
					t.Errorf("the answer is %q, connection closes: %t; want hello, true", body, res.Close)
				}
				if rest, _ := io.ReadAll(c.in); len(rest) > 0 || requests != 1 {
					t.Errorf("%d requests were served, %q follows; want one request and nothing", requests, rest)
				}
			})
		})
	}
}

func TestBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, New(http.HandlerFunc(echo), Config{BodyTimeout: 20 * time.Second}))
		c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
		start := time.Now()
		for range 9 { // trickled
			c.send("x")
			<-time.After(2 * time.Second)
		}
		c.want(http.StatusRequestTimeout, true)
		if waited := time.Since(start); waited != 20*time.Second {
			t.Errorf("the body was waited for %v, want 20s", waited)
		}
	})
}

// After its body, a request has no read deadline, and neither have the ones behind it
// on the same connection.
func TestDeadlineEndsWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.ReadAll(r.Body)
			select {
			case <-time.After(time.Hour):
			case <-r.Context().Done():
				w.WriteHeader(http.StatusTeapot)
			}
		})
		c := connect(t, New(slow, Config{BodyTimeout: time.Second, WriteTimeout: 2 * time.Hour}))
		for range 2 {
			c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
			c.want(http.StatusOK, false)
			c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			c.want(http.StatusOK, false)
		}
	})
}

// A client that does not read its answer holds the connection for a bounded time.
func TestAnswerThatIsNeverRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, New(answer(http.StatusOK), Config{WriteTimeout: 20 * time.Second}))
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		<-time.After(21 * time.Second)
		if n, err := c.in.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after 21s the client read %d bytes, error %v, want the end of the connection", n, err)
		}
	})
}

func TestTooManyHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(answer(http.StatusOK), Config{MaxHeaders: 10})
		c := connect(t, s)
		c.send("GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 10) + "\r\n")
		c.want(http.StatusOK, false)
		c.send("GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 11) + "\r\n")
		c.want(http.StatusRequestHeaderFieldsTooLarge, true)
		if got := s.Stats().TooManyHeaders; got != 1 {
			t.Errorf("%d refusals were counted, want 1", got)
		}
	})
}

// A panic costs its connection, is logged with its stack and counted.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		recorder := panics.New(slog.New(slog.NewTextHandler(&log, nil)))
		s := New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), Config{Panics: recorder})
		c := connect(t, s)
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(c.in, nil); err == nil {
			t.Error("the request was answered")
		}
		got := recorder.Counts()[panics.Request]
		if got != 1 || !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "TestPanic") {
			t.Errorf("%d panics were counted, the log says %q", got, log.String())
		}
	})
}

// Headers that do not arrive, or are too long, end their connection.
func TestHeaderBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, New(answer(http.StatusOK), Config{HeaderTimeout: 5 * time.Second}))
		c.send("GET / HTTP/1.1\r\nHo")
		start := time.Now()
		if got, _ := io.ReadAll(c.in); bytes.HasPrefix(got, []byte("HTTP/1.1 200")) {
			t.Errorf("half a header was answered with %q", got)
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("the header was waited for %v, want 5s", waited)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, New(answer(http.StatusOK), Config{MaxHeaderBytes: 1 << 10}))
		go fmt.Fprintf(c.conn, "GET / HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n", strings.Repeat("x", 20<<10))
		c.want(http.StatusRequestHeaderFieldsTooLarge, true)
	})
}

package adapter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func TestNotWritten(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errConnectionClosed, true},
		{fmt.Errorf("dial: %w", errConnectionClosed), true},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, true},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, false},
		{io.EOF, false},
		{errors.New("redis: can't parse"), false},
	} {
		if got := notWritten(c.err); got != c.want {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}

// brittle fails the next write of some text when told to, after half of it.
type brittle struct {
	net.Conn
	fail *atomic.Bool
	text string
}

func (b brittle) Write(p []byte) (int, error) {
	if strings.Contains(string(p), b.text) && b.fail.CompareAndSwap(true, false) {
		n, _ := b.Conn.Write(p[:len(p)/2])
		return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return b.Conn.Write(p)
}

// What could not be written whole did not run, and is sent again.
func TestWriteFails(t *testing.T) {
	var fail atomic.Bool
	f := newFake(t)
	opts := &redis.Options{Dialer: func(context.Context, string, string) (net.Conn, error) {
		c, err := net.Dial("tcp", f.addr)
		return brittle{c, &fail, "publish"}, err
	}}
	n := start(t, opts, plainly()).waitReady(t)
	for i := range 10 {
		n.say(t, "a line")
		await(t, "the line", func() bool { return n.Stats().Published == int64(i+1) })
		fail.Store(true)
	}
	if st := n.Stats(); st.Dropped != (Dropped{}) || len(f.published()) != 10 {
		t.Errorf("stats %+v, published %q", st, f.published())
	}
}

// Through TLS nobody sees that an idle connection is dead: it is asked.
func TestTLS(t *testing.T) {
	https := httptest.NewTLSServer(nil) // for its certificate
	defer https.Close()
	secure := &tls.Config{Certificates: https.TLS.Certificates}
	m := miniredis.NewMiniRedis()
	if err := m.StartTLS(secure); err != nil {
		t.Fatal(err)
	}
	addr := m.Addr()
	t.Cleanup(func() { m.Close() })

	opts, err := ParseURL("rediss://" + addr + "?skip_verify=true")
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, opts, quick()).waitReady(t)
	for i := range 3 {
		n.say(t, "a line")
		n.wait(t, i+1)
		await(t, "the answer", func() bool { return n.Stats().Published == int64(i+1) })
		m.Close()
		if err := m.StartAddrTLS(addr, secure); err != nil {
			t.Fatal(err)
		}
		await(t, "the subscription", func() bool { return n.Stats().Reconnects == int64(i+1) })
	}
	if st := n.Stats(); st.Dropped != (Dropped{}) {
		t.Errorf("stats %+v", st)
	}
}

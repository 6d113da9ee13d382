package limit

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

const (
	// maxRefusals is how many connections beyond the limit are open at a time, to be
	// told so.
	maxRefusals = 64
	// refusalTime is how long such a connection stays open. A connection that is
	// closed with unread bytes is reset, and the client would lose the answer.
	refusalTime = time.Second
)

// refusalBody is in the style of Engine.IO's errors.
const refusalBody = `{"code":4,"message":"Too many connections"}`

var refusal = fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"+
	"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(refusalBody), refusalBody)

// Connections bounds the open connections of several listeners together: idle ones and
// those of half a request as well as those of sessions. What exceeds the limit is
// accepted and refused, because what waits to be accepted cannot tell its client why.
type Connections struct {
	max      int64
	open     atomic.Int64
	refusing chan struct{} // one for each refused connection that is open
}

// NewConnections returns a limit of max connections. Beyond them it uses at most 64
// descriptors more.
func NewConnections(max int) *Connections {
	return &Connections{max: int64(max), refusing: make(chan struct{}, maxRefusals)}
}

// Max returns the limit.
func (c *Connections) Max() int64 { return c.max }

// Listen returns a listener that accepts from l within the limit. The connections of l
// must be of type *net.TCPConn.
func (c *Connections) Listen(l net.Listener) *Listener {
	return &Listener{tcp: l, all: c}
}

// A Listener is one of the listeners of a Connections. Its methods may be called
// concurrently.
type Listener struct {
	tcp           net.Listener
	all           *Connections
	open, refused atomic.Int64
}

// Open returns the number of open connections that l has accepted.
func (l *Listener) Open() int64 { return l.open.Load() }

// Max returns the limit of all listeners together.
func (l *Listener) Max() int64 { return l.all.max }

// Refused returns the number of connections that l has refused.
func (l *Listener) Refused() int64 { return l.refused.Load() }

// Accept implements net.Listener. It returns connections within the limit only.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.tcp.Accept()
		if err != nil {
			return nil, err
		}
		c := accepted.(*net.TCPConn)
		if l.all.open.Add(1) <= l.all.max {
			l.open.Add(1)
			return &conn{TCPConn: c, listener: l}, nil
		}
		l.all.open.Add(-1)
		l.refused.Add(1)
		l.all.refuse(c)
	}
}

// Close implements net.Listener. Connections stay open.
func (l *Listener) Close() error { return l.tcp.Close() }

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.tcp.Addr() }

// refuse answers a connection without waiting for its request. It does not block: the
// buffer of a new connection is empty.
func (c *Connections) refuse(refused *net.TCPConn) {
	select {
	case c.refusing <- struct{}{}:
	default:
		refused.Close()
		return
	}
	refused.SetWriteDeadline(time.Now().Add(refusalTime))
	refused.Write(refusal)
	refused.CloseWrite()
	time.AfterFunc(refusalTime, func() {
		refused.Close()
		<-c.refusing
	})
}

// A conn counts until it is closed.
type conn struct {
	*net.TCPConn
	listener *Listener
	closed   atomic.Bool
}

func (c *conn) Close() error {
	err := c.TCPConn.Close()
	if !c.closed.Swap(true) {
		c.listener.open.Add(-1)
		c.listener.all.open.Add(-1)
	}
	return err
}

package bridge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	socketio "github.com/googollee/go-socket.io"
	"github.com/googollee/go-socket.io/engineio/frame"
	eiopacket "github.com/googollee/go-socket.io/engineio/packet"
	"github.com/googollee/go-socket.io/engineio/transport"
)

// A delivery makes go-socket.io call one function of the application.
type delivery struct {
	packet []byte // the packet that go-socket.io reads; it selects the function
	conn   *Conn
	args   Args              // of an event or an ack
	ack    func(Args, error) // the function of an ack, and its error
	err    error
	reason string // of a disconnect
	size   int    // in bytes

	next *delivery // behind it in the queue
}

// An ioConn is the transport.Conn from which go-socket.io reads the deliveries of
// one session. It is also the net.Addr of that connection, because a handler finds
// it through no other method of its socketio.Conn.
type ioConn struct {
	client *client // static after construction

	// owned by go-socket.io's reader, which calls the handlers
	current *delivery // set with the client's mu
	reader  packetReader

	closes atomic.Int32 // calls of Close

	// guarded by the client's mu
	changed     sync.Cond // of first and ended
	first, last *delivery // the queue; both nil when it is empty
	size        int       // of the queue, in bytes
	paused      bool
	ended       bool // go-socket.io reads io.EOF after the last delivery
	kept        int  // what the ioConn itself counts in the budget, in bytes
}

// newIOConn makes go-socket.io accept a session. Its only entry point for that is an
// HTTP request.
func (s *Server) newIOConn(cl *client) *ioConn {
	l := &ioConn{client: cl}
	l.changed.L = &cl.mu
	s.ioConns.Add(1)
	ctx := context.WithValue(context.Background(), ioConnKey{}, l)
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: "transport=" + ioTransport{}.Name()}}
	s.io.ServeHTTP(nil, r.WithContext(ctx)) // go-socket.io writes only errors, and none can occur
	return l
}

// queueLocked queues a delivery and never blocks. It pauses the session if too much
// waits.
func (l *ioConn) queueLocked(d *delivery) {
	if l.last == nil {
		l.first = d
	} else {
		l.last.next = d
	}
	l.last = d
	l.size += d.size
	l.client.server.budget.add(d.size)
	if l.size > l.client.server.cfg.MaxQueue && !l.paused {
		l.paused = true
		l.client.session.Pause()
	}
	l.changed.Signal()
}

// endLocked ends the queue. The connection of go-socket.io ends behind it. If a handler
// blocks that may take any time, and nothing else bounds the number of such connections.
func (l *ioConn) endLocked() {
	if l.current != nil || l.first != nil {
		l.kept = ioConnSize
		l.client.server.budget.add(l.kept)
	}
	l.ended = true
	l.changed.Signal()
}

// NextReader implements transport.FrameReader. Each frame is the packet of a
// delivery, which is the current one until the next call.
func (l *ioConn) NextReader() (frame.Type, eiopacket.Type, io.ReadCloser, error) {
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	if l.current != nil { // its handler has returned
		l.client.server.budget.release(l.current.size)
		l.current = nil
	}
	for l.first == nil && !l.ended {
		l.changed.Wait()
	}
	l.current = l.first
	if l.current == nil {
		return 0, 0, nil, io.EOF
	}
	if l.first = l.current.next; l.first == nil {
		l.last = nil
	}
	l.size -= l.current.size
	if l.paused && l.size <= l.client.server.cfg.MaxQueue/2 {
		l.paused = false
		l.client.session.Resume()
	}
	l.reader.Reset(l.current.packet)
	return frame.String, eiopacket.MESSAGE, &l.reader, nil
}

// currentDelivery is the delivery for which go-socket.io calls a handler.
func currentDelivery(ioc socketio.Conn) *delivery { return ioc.LocalAddr().(*ioConn).current }

// A packetReader has ReadByte. Without it go-socket.io would allocate a buffer.
type packetReader struct{ bytes.Reader }

func (*packetReader) Close() error { return nil }

// NextWriter implements transport.FrameWriter. go-socket.io writes its handshake and
// answers to our CONNECT packets. The client has got both already.
func (l *ioConn) NextWriter(frame.Type, eiopacket.Type) (io.WriteCloser, error) {
	return discard{io.Discard}, nil
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// Close implements io.Closer. go-socket.io calls it when it has read io.EOF, and
// again when the last handler has returned.
func (l *ioConn) Close() error {
	l.client.session.Close()
	if l.closes.Add(1) == 2 {
		l.client.server.budget.release(l.kept)
		l.client.server.ioConns.Done()
	}
	return nil
}

func (l *ioConn) Network() string      { return ioTransport{}.Name() }
func (l *ioConn) String() string       { return l.Network() }
func (l *ioConn) LocalAddr() net.Addr  { return l }
func (l *ioConn) RemoteAddr() net.Addr { return l }

// Conn.Handshake describes the request, and the engine sets the deadlines.

func (l *ioConn) URL() url.URL                     { return url.URL{} }
func (l *ioConn) RemoteHeader() http.Header        { return nil }
func (l *ioConn) SetReadDeadline(time.Time) error  { return nil }
func (l *ioConn) SetWriteDeadline(time.Time) error { return nil }

// An ioTransport is the only transport that go-socket.io knows.
type ioTransport struct{}

type ioConnKey struct{}

// Name implements transport.Transport.
func (ioTransport) Name() string { return "session" }

// Accept implements transport.Transport.
func (ioTransport) Accept(_ http.ResponseWriter, r *http.Request) (transport.Conn, error) {
	return r.Context().Value(ioConnKey{}).(*ioConn), nil
}

// Dial implements transport.Transport.
func (ioTransport) Dial(*url.URL, http.Header) (transport.Conn, error) {
	return nil, errors.ErrUnsupported
}

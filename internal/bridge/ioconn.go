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

	"github.com/googollee/go-socket.io/engineio/frame"
	eiopacket "github.com/googollee/go-socket.io/engineio/packet"
	"github.com/googollee/go-socket.io/engineio/transport"

	"tsunagu/internal/packet"
)

// An ioConn is the transport.Conn through which go-socket.io sees a session.
type ioConn struct {
	// static after construction
	client *client

	in       chan []byte // packets for go-socket.io; unbuffered: while a handler runs, nothing is read from its client
	done     chan struct{}
	finished sync.Once
	reading  chan struct{} // closed when go-socket.io asks for the first packet
	readOnce sync.Once
	closes   atomic.Int32 // calls of Close

	// owned by go-socket.io's writer
	text        []byte   // the packet that is being written
	attachments [][]byte // its attachments so far
}

// newIOConn makes go-socket.io accept a session. The caller holds the client's mu.
func (s *Server) newIOConn(p *client) *ioConn {
	l := &ioConn{
		client:  p,
		in:      make(chan []byte),
		done:    make(chan struct{}),
		reading: make(chan struct{}),
	}
	s.mu.Lock()
	s.attached[p.session.ID()] = p
	s.mu.Unlock()
	s.ioConns.Add(1)
	s.ioTransport.accept(s.io, l)
	return l
}

// deliver gives go-socket.io a packet and waits until go-socket.io has read it.
func (l *ioConn) deliver(text []byte) {
	select {
	case l.in <- text:
	case <-l.done:
	}
}

// waitReading waits until go-socket.io reads for the first time, or the end.
func (l *ioConn) waitReading() {
	select {
	case <-l.reading:
	case <-l.done:
	}
}

// finish ends the connection from the session's side: go-socket.io reads io.EOF.
func (l *ioConn) finish() { l.finished.Do(func() { close(l.done) }) }

// NextReader implements transport.FrameReader. Each frame is a whole packet.
func (l *ioConn) NextReader() (frame.Type, eiopacket.Type, io.ReadCloser, error) {
	l.readOnce.Do(func() { close(l.reading) })
	select {
	case text := <-l.in:
		return frame.String, eiopacket.MESSAGE, packetReader{bytes.NewReader(text)}, nil
	case <-l.done:
		return 0, 0, nil, io.EOF
	}
}

// A packetReader is read byte by byte, which needs no further buffer.
type packetReader struct{ *bytes.Reader }

func (packetReader) Close() error { return nil }

// NextWriter implements transport.FrameWriter. A write after the end is dropped
// without an error: an error makes go-socket.io close the connection from a
// third goroutine.
func (l *ioConn) NextWriter(ft frame.Type, pt eiopacket.Type) (io.WriteCloser, error) {
	return &packetWriter{conn: l, binary: ft == frame.Binary, ignored: pt != eiopacket.MESSAGE}, nil
}

type packetWriter struct {
	bytes.Buffer
	conn    *ioConn
	binary  bool
	ignored bool // go-socket.io's Engine.IO handshake: the engine has done its own
}

func (w *packetWriter) Close() error {
	if !w.ignored {
		w.conn.send(w.Bytes(), w.binary)
	}
	return nil
}

// send passes on the packets that go-socket.io has written, except those that
// the bridge sends by itself.
func (l *ioConn) send(data []byte, binary bool) {
	if binary {
		l.attachments = append(l.attachments, data)
	} else {
		// json.Encoder ends with a newline.
		l.text, l.attachments = bytes.TrimSuffix(data, []byte("\n")), nil
	}
	pk, err := packet.DecodeSocket4(l.text)
	if err != nil || len(l.attachments) < pk.Attachments {
		return
	}
	answer := pk.Type == packet.Ack || pk.Type == packet.BinaryAck
	switch {
	case pk.Type == packet.Connect: // the bridge has answered it
	case answer && !pk.HasID: // the client asked for no ack
	case answer && pk.Data == nil: // the result could not be encoded
	default:
		l.client.send(pk.Namespace, message{l.text, l.attachments})
	}
}

// send sends a packet of a handler, or holds it back until OnConnect has
// returned. It drops a packet for a namespace to which the client is not connected.
func (cl *client) send(name string, m message) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	sock := cl.socketLocked(name)
	switch {
	case sock == nil || sock.state == disconnected:
	case sock.state == connecting:
		sock.held = append(sock.held, m)
	default:
		cl.session.Send(m.messages()...)
	}
}

// Close implements io.Closer. go-socket.io calls it twice: when reading has
// ended, and when the last handler has returned. The order varies, because a
// handler may close the connection itself.
func (l *ioConn) Close() error {
	l.finish()
	l.client.session.Close()
	if l.closes.Add(1) == 2 {
		l.client.server.end(l)
	}
	return nil
}

// end removes a connection that go-socket.io has closed.
func (s *Server) end(l *ioConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.attached, l.client.session.ID())
	s.ioConns.Done()
}

// URL and the following methods describe the request that began the session.

func (l *ioConn) URL() url.URL              { return l.client.session.Handshake().URL }
func (l *ioConn) LocalAddr() net.Addr       { return l.client.session.Handshake().LocalAddr }
func (l *ioConn) RemoteAddr() net.Addr      { return l.client.session.Handshake().RemoteAddr }
func (l *ioConn) RemoteHeader() http.Header { return l.client.session.Handshake().Header }

// SetReadDeadline and SetWriteDeadline do nothing: the engine sets the deadlines.

func (l *ioConn) SetReadDeadline(time.Time) error  { return nil }
func (l *ioConn) SetWriteDeadline(time.Time) error { return nil }

// An ioTransport is the only transport that go-socket.io knows. It also generates
// the ids of connections.
type ioTransport struct {
	mu sync.Mutex
	id string // of the connection that is being accepted; guarded by mu
}

type ioConnKey struct{}

// accept makes go-socket.io accept a connection. Its only entry point for that is
// an HTTP request.
func (l *ioTransport) accept(h http.Handler, n *ioConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id = n.client.session.ID()
	ctx := context.WithValue(context.Background(), ioConnKey{}, n)
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: "transport=" + l.Name()}}
	h.ServeHTTP(discardResponse{}, r.WithContext(ctx))
}

// Name implements transport.Transport.
func (*ioTransport) Name() string { return "session" }

// Accept implements transport.Transport.
func (*ioTransport) Accept(_ http.ResponseWriter, r *http.Request) (transport.Conn, error) {
	return r.Context().Value(ioConnKey{}).(*ioConn), nil
}

// Dial implements transport.Transport.
func (*ioTransport) Dial(*url.URL, http.Header) (transport.Conn, error) {
	return nil, errors.ErrUnsupported
}

// NewID implements session.IDGenerator. accept calls it.
func (l *ioTransport) NewID() string { return l.id }

// discardResponse is the http.ResponseWriter of the request that accept makes.
type discardResponse struct{}

func (discardResponse) Header() http.Header         { return http.Header{} }
func (discardResponse) Write(p []byte) (int, error) { return len(p), nil }
func (discardResponse) WriteHeader(int)             {}

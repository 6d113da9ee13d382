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

// A loan is a session as go-socket.io sees it: a transport.Conn.
type loan struct {
	// static after construction
	peer *peer

	in       chan []byte // packets for go-socket.io; unbuffered, so that a busy handler slows its client down
	done     chan struct{}
	finished sync.Once
	taken    chan struct{} // closed when go-socket.io asks for the first packet
	takeOnce sync.Once
	closes   atomic.Int32 // calls of Close

	// owned by go-socket.io's writer
	text  []byte   // the packet that is being written
	parts [][]byte // its attachments so far
}

// begin lends a session. The caller holds the peer's mu.
func (s *Server) begin(p *peer) *loan {
	l := &loan{
		peer:  p,
		in:    make(chan []byte),
		done:  make(chan struct{}),
		taken: make(chan struct{}),
	}
	s.mu.Lock()
	s.lent[p.session.ID()] = p
	s.mu.Unlock()
	s.loans.Add(1)
	s.lender.lend(s.io, l)
	return l
}

// hand gives go-socket.io a packet, and waits until it is taken.
func (l *loan) hand(text []byte) {
	select {
	case l.in <- text:
	case <-l.done:
	}
}

// ready waits until go-socket.io reads, or never will.
func (l *loan) ready() {
	select {
	case <-l.taken:
	case <-l.done:
	}
}

// finish is the session's side of the end: go-socket.io reads io.EOF.
func (l *loan) finish() { l.finished.Do(func() { close(l.done) }) }

// NextReader implements transport.FrameReader. Each frame is a whole packet.
func (l *loan) NextReader() (frame.Type, eiopacket.Type, io.ReadCloser, error) {
	l.takeOnce.Do(func() { close(l.taken) })
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

// NextWriter implements transport.FrameWriter. What is written after the end
// is lost, but never an error: those make go-socket.io close from yet another
// goroutine.
func (l *loan) NextWriter(ft frame.Type, pt eiopacket.Type) (io.WriteCloser, error) {
	return &packetWriter{loan: l, binary: ft == frame.Binary, ignored: pt != eiopacket.MESSAGE}, nil
}

type packetWriter struct {
	bytes.Buffer
	loan    *loan
	binary  bool
	ignored bool // the engine's own handshake, which is long done
}

func (w *packetWriter) Close() error {
	if !w.ignored {
		w.loan.send(w.Bytes(), w.binary)
	}
	return nil
}

// send passes on what go-socket.io has written, packet by packet, but for what
// the bridge does itself.
func (l *loan) send(data []byte, binary bool) {
	if binary {
		l.parts = append(l.parts, data)
	} else {
		// json.Encoder ends with a newline.
		l.text, l.parts = bytes.TrimSuffix(data, []byte("\n")), nil
	}
	pk, err := packet.DecodeSocket4(l.text)
	if err != nil || len(l.parts) < pk.Attachments {
		return
	}
	answer := pk.Type == packet.Ack || pk.Type == packet.BinaryAck
	switch {
	case pk.Type == packet.Connect: // has been answered
	case answer && !pk.HasID: // nobody has asked
	case answer && pk.Data == nil: // could not be encoded
	default:
		l.peer.send(pk.Namespace, parcel{l.text, l.parts})
	}
}

// send sends a packet of the handlers, or holds it back until OnConnect has
// decided. What is for a namespace in which the client is not is lost.
func (p *peer) send(name string, m parcel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sp := p.spaceLocked(name)
	switch {
	case sp == nil || sp.state == apart:
	case sp.state == connecting:
		sp.held = append(sp.held, m)
	default:
		p.session.Send(m.messages()...)
	}
}

// Close implements io.Closer. go-socket.io calls it twice: when reading has
// ended, and when it is done with the handlers. Either may come first, as a
// handler may close the connection itself.
func (l *loan) Close() error {
	l.finish()
	l.peer.session.Close()
	if l.closes.Add(1) == 2 {
		l.peer.server.end(l)
	}
	return nil
}

// end forgets a loan that go-socket.io has given back.
func (s *Server) end(l *loan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lent, l.peer.session.ID())
	s.loans.Done()
}

// URL and the following are what the handshake was.

func (l *loan) URL() url.URL              { return l.peer.session.Handshake().URL }
func (l *loan) LocalAddr() net.Addr       { return l.peer.session.Handshake().LocalAddr }
func (l *loan) RemoteAddr() net.Addr      { return l.peer.session.Handshake().RemoteAddr }
func (l *loan) RemoteHeader() http.Header { return l.peer.session.Handshake().Header }

// SetReadDeadline and SetWriteDeadline do nothing: time is the engine's.

func (l *loan) SetReadDeadline(time.Time) error  { return nil }
func (l *loan) SetWriteDeadline(time.Time) error { return nil }

// A lender is the one transport that go-socket.io knows, and the source of its
// ids.
type lender struct {
	mu sync.Mutex
	id string // of the loan that is being accepted; guarded by mu
}

type loanKey struct{}

// lend makes go-socket.io accept a loan, through the only entrance it has: a
// request.
func (l *lender) lend(h http.Handler, n *loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id = n.peer.session.ID()
	ctx := context.WithValue(context.Background(), loanKey{}, n)
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: "transport=" + l.Name()}}
	h.ServeHTTP(deaf{}, r.WithContext(ctx))
}

// Name implements transport.Transport.
func (*lender) Name() string { return "session" }

// Accept implements transport.Transport.
func (*lender) Accept(_ http.ResponseWriter, r *http.Request) (transport.Conn, error) {
	return r.Context().Value(loanKey{}).(*loan), nil
}

// Dial implements transport.Transport.
func (*lender) Dial(*url.URL, http.Header) (transport.Conn, error) {
	return nil, errors.ErrUnsupported
}

// NewID implements session.IDGenerator. It is called within lend.
func (l *lender) NewID() string { return l.id }

// deaf is an http.ResponseWriter for a request that nobody made.
type deaf struct{}

func (deaf) Header() http.Header         { return http.Header{} }
func (deaf) Write(p []byte) (int, error) { return len(p), nil }
func (deaf) WriteHeader(int)             {}

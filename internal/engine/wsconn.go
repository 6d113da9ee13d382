package engine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
)

const (
	// closeFrameTimeout is how long a client may take to answer a close frame.
	closeFrameTimeout = 2 * time.Second
	// allocAhead is the length in bytes up to which memory for a message is
	// allocated before the message has arrived.
	allocAhead = 4096
)

// A wsConn is one websocket connection. One goroutine, the reader, reads from it
// and closes it.
type wsConn struct {
	// The fields that every delivery uses come first, as in Session.

	// fd is the descriptor of the socket, or -1 if there is none, as for a pipe in
	// a test. The connection stays open while there is a writer: after a close the
	// descriptor could belong to another client.
	fd      int
	writing sync.WaitGroup // writers without the session's mu: batches and drains

	// static after construction
	conn       net.Conn
	revision   Revision
	base64     bool // the client wants binary data as base64
	maxMessage int

	// owned by the reader
	in io.Reader

	// guarded by the session's mu after the session has the connection
	err error // why the reader ended
}

// A closeError means that the websocket is closing: the client sent a close frame,
// or the client broke the protocol.
type closeError struct {
	code     ws.StatusCode
	reason   string
	byClient bool
}

func (e *closeError) Error() string { return "websocket closed" }

var (
	errFrame    = &closeError{code: ws.StatusProtocolError}
	errText     = &closeError{code: ws.StatusInvalidFramePayloadData}
	errTooLong  = &closeError{code: ws.StatusMessageTooBig}
	errNoStatus = &closeError{byClient: true}
)

func (srv *Server) newWSConn(conn net.Conn, buffered *bufio.Reader, q query) *wsConn {
	c := &wsConn{
		conn:       conn,
		revision:   q.revision,
		base64:     q.base64,
		maxMessage: srv.cfg.MaxPayload,
	}
	c.fd, c.in = rawSocket(conn)
	if n := buffered.Buffered(); n > 0 {
		// The client sent frames with the handshake, and net/http has read them.
		early, _ := buffered.Peek(n)
		c.in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), c.in)
	}
	return c
}

// tryWrite writes as much as the socket accepts at once. n may be less than len(p)
// without an error. The caller holds the mutex of the session, and the reader has
// not closed the connection.
func (c *wsConn) tryWrite(p []byte) (n int, err error) {
	if c.fd < 0 {
		return 0, nil // drain writes it
	}
	return writeSocket(c.fd, p)
}

// abort makes reads and writes fail at once. The reader then closes the connection.
func (c *wsConn) abort() { c.conn.SetDeadline(past) }

func (c *wsConn) appendPacket(dst []byte, p packet.Packet) []byte {
	if p.Binary {
		return c.appendBinary(dst, p)
	}
	return packet.AppendPacketFrame(dst, p)
}

// appendBinary is not part of appendPacket and enqueueLocked because they run for
// each ping of a client: with larger frames of its own the path from reading a ping to
// sending the pong needs more than the 2 KB of a new goroutine's stack, and each client
// at rest would cost 2 KB more.
func (c *wsConn) appendBinary(dst []byte, p packet.Packet) []byte {
	switch {
	case c.base64 && c.revision == Revision4:
		return packet.AppendFrame(dst, false, packet.AppendPayload4(nil, slices.Values([]packet.Packet{p})))
	case c.base64:
		return packet.AppendFrame(dst, false, packet.AppendText(nil, p))
	case c.revision == Revision4:
		return packet.AppendFrame(dst, true, p.Data)
	}
	return packet.AppendPacketFrame(dst, p)
}

// decoder returns what reads a packet from a message of a websocket.
func decoder(revision Revision, binary bool) func(data []byte) (packet.Packet, error) {
	switch {
	case binary && revision == Revision4:
		return packet.DecodeBinary4
	case binary:
		return packet.DecodeBinary3
	case revision == Revision4:
		return packet.DecodeText4
	}
	return packet.DecodeText3
}

// readMessage reads the next text or binary message. It calls control for the
// pings and pongs before it. Only the reader calls it.
func (c *wsConn) readMessage(control func(op ws.OpCode, payload []byte)) (data []byte, binary bool, err error) {
	state := ws.StateServerSide
	for {
		h, err := ws.ReadHeader(c.in)
		if err != nil {
			return nil, false, readError(err)
		}
		if err := ws.CheckHeader(h, state); err != nil {
			return nil, false, errFrame
		}
		if h.OpCode.IsControl() {
			if err := c.readControl(h, control); err != nil {
				return nil, false, err
			}
			continue
		}
		if h.Length > int64(c.maxMessage-len(data)) {
			return nil, false, errTooLong
		}
		if h.OpCode != ws.OpContinuation {
			binary = h.OpCode == ws.OpBinary
		}
		if data, err = c.readPayload(data, h); err != nil {
			return nil, false, err
		}
		if h.Fin {
			if !binary && !utf8.Valid(data) {
				return nil, false, errText
			}
			return data, binary, nil
		}
		state = state.Set(ws.StateFragmented)
	}
}

// readPayload appends a frame's payload to data. For long frames memory grows with
// the bytes that have arrived, not with the announced length.
func (c *wsConn) readPayload(data []byte, h ws.Header) ([]byte, error) {
	at := len(data)
	if h.Length <= allocAhead {
		data = append(data, make([]byte, h.Length)...)
		if _, err := io.ReadFull(c.in, data[at:]); err != nil {
			return nil, readError(err)
		}
	} else {
		buf := bytes.NewBuffer(data)
		if _, err := io.CopyN(buf, c.in, h.Length); err != nil {
			return nil, readError(err)
		}
		data = buf.Bytes()
	}
	ws.Cipher(data[at:], h.Mask, 0)
	return data, nil
}

func (c *wsConn) readControl(h ws.Header, control func(ws.OpCode, []byte)) error {
	payload, err := c.readPayload(nil, h)
	if err != nil {
		return err
	}
	if h.OpCode != ws.OpClose {
		control(h.OpCode, payload)
		return nil
	}
	if len(payload) == 0 {
		return errNoStatus
	}
	code, reason := ws.ParseCloseFrameData(payload)
	switch {
	case len(payload) == 1 || !validCloseCode(code) || !utf8.ValidString(reason):
		return errFrame
	case code == ws.StatusNormalClosure && reason == "":
		return errNoStatus // the original answers it without a status, too
	}
	return &closeError{code: code, reason: reason, byClient: true}
}

// validCloseCode reports whether a client may send a close code: RFC 6455, section
// 7.4, and the codes of its registry, without those that are never sent.
func validCloseCode(code ws.StatusCode) bool {
	return code >= 1000 && code <= 1013 && (code < 1004 || code > 1006) || code >= 3000 && code <= 4999
}

// readError maps the errors of a read to os.ErrDeadlineExceeded, errFrame and
// io.EOF.
func readError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return errFrame
	}
	return io.EOF
}

// appendClose appends the close frame that answers err.
func appendClose(dst []byte, err error) []byte {
	var e *closeError
	if !errors.As(err, &e) || e.code == 0 {
		return append(dst, 0x80|byte(ws.OpClose), 0)
	}
	dst = append(dst, 0x80|byte(ws.OpClose), byte(2+len(e.reason)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(e.code))
	return append(dst, e.reason...)
}

// startClose begins the closing handshake (RFC 6455, section 7.1.2) and returns
// the close frame to send. The reader continues until the client has answered it,
// because a connection closed with unread bytes is reset, and the client would
// lose data. A connection that accepts no bytes is aborted without a close frame.
func (c *wsConn) startClose(reason Reason) (closeFrame []byte) {
	if reason == TooSlow || reason == TransportError && c.err == nil {
		c.abort()
		return nil
	}
	c.conn.SetDeadline(time.Now().Add(closeFrameTimeout))
	return appendClose(nil, c.err)
}

// finishClose closes the connection after its reader has failed with err.
func (c *wsConn) finishClose(err error) {
	c.writing.Wait()
	c.discardInput(err)
	c.conn.Close()
}

// discardInput reads what a client still sends after it broke the protocol. Without
// it the close would reset the connection, and the client would lose the close
// frame with the reason. The caller has set a deadline.
func (c *wsConn) discardInput(err error) {
	if e := (*closeError)(nil); !errors.As(err, &e) || e.byClient {
		return
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() // tells the client that nothing follows
	}
	io.Copy(io.Discard, c.in)
}

// reject closes a websocket that has no session and waits for the client's close
// frame. A nil err means that the client broke no rule.
func (c *wsConn) reject(err error) {
	defer c.conn.Close()
	c.conn.SetDeadline(time.Now().Add(closeFrameTimeout))
	c.conn.Write(appendClose(nil, err))
	for err == nil {
		_, _, err = c.readMessage(func(ws.OpCode, []byte) {})
	}
	c.discardInput(err)
}

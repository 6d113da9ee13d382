package engine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
)

const (
	// hangUpTimeout is how long a client may take to answer a close frame
	// before its connection is dropped.
	hangUpTimeout = 2 * time.Second
	// trust is the length, in bytes, up to which a message is given memory
	// before it has arrived.
	trust = 4096
)

// A socket is one websocket connection.
type socket struct {
	// What delivering a line touches comes first, as in Session.
	wire    wire
	raw     rawConn        // most often the wire, in the same place
	writer  writer         // guarded by the session's mu
	writing sync.WaitGroup // whoever writes; the connection stays open for them

	// static after construction
	conn       net.Conn
	revision   Revision
	base64     bool // the client asked for binary as text
	maxMessage int

	// owned by the reader
	in io.Reader

	// guarded by the session's mu, once the session has taken the socket
	err      error  // why the reader ended
	farewell []byte // the close frame, which is to be written last
}

// A writer is who writes to a socket. While there is one nobody else may.
type writer uint8

const (
	nobody  writer = iota
	inBatch        // a batch is going to, in a moment
	drainer        // drain, until the client has caught up
)

// A closeError is a websocket that is over: by the client's close frame, or
// because of what the client sent.
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

func (srv *Server) newSocket(conn net.Conn, buffered *bufio.Reader, q query) *socket {
	k := &socket{
		conn:       conn,
		revision:   q.revision,
		base64:     q.base64,
		maxMessage: srv.cfg.MaxPayload,
	}
	if k.raw.bind(conn) {
		k.wire, k.in = &k.raw, &k.raw
	} else {
		k.wire, k.in = patientWire{}, bufio.NewReader(conn)
	}
	if n := buffered.Buffered(); n > 0 {
		// The client was so quick that net/http has read some of its frames.
		early, _ := buffered.Peek(n)
		k.in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), k.in)
	}
	return k
}

// appendPacket appends a packet as a frame.
func (k *socket) appendPacket(dst []byte, p packet.Packet) []byte {
	var head [1]byte
	switch {
	case p.Binary && k.base64:
		return packet.AppendFrame(dst, false, packet.AppendText(nil, p))
	case p.Binary && k.revision == Revision4:
		return packet.AppendFrame(dst, true, p.Data)
	case p.Binary:
		head[0] = byte(p.Type)
	default:
		head[0] = '0' + byte(p.Type)
	}
	return packet.AppendFrame(dst, p.Binary, head[:], p.Data)
}

// decode reads one message as a packet.
func (k *socket) decode(data []byte, binary bool) (packet.Packet, error) {
	switch {
	case binary && k.revision == Revision4:
		return packet.DecodeBinary4(data)
	case binary:
		return packet.DecodeBinary3(data)
	case k.revision == Revision4:
		return packet.DecodeText4(data)
	}
	return packet.DecodeText3(data)
}

// readMessage reads up to the end of the next text or binary message. What
// else arrives on the way goes to control. Called by the reader only.
func (k *socket) readMessage(control func(op ws.OpCode, payload []byte)) (data []byte, binary bool, err error) {
	state := ws.StateServerSide
	for {
		h, err := ws.ReadHeader(k.in)
		if err != nil {
			return nil, false, readError(err)
		}
		if err := ws.CheckHeader(h, state); err != nil {
			return nil, false, errFrame
		}
		if h.OpCode.IsControl() {
			if err := k.readControl(h, control); err != nil {
				return nil, false, err
			}
			continue
		}
		if h.Length > int64(k.maxMessage-len(data)) {
			return nil, false, errTooLong
		}
		if h.OpCode != ws.OpContinuation {
			binary = h.OpCode == ws.OpBinary
		}
		if data, err = k.readPayload(data, h); err != nil {
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

// readPayload appends a frame's payload to data. Memory grows with what has
// arrived, not with what was announced.
func (k *socket) readPayload(data []byte, h ws.Header) ([]byte, error) {
	at := len(data)
	if h.Length <= trust {
		data = append(data, make([]byte, h.Length)...)
		if _, err := io.ReadFull(k.in, data[at:]); err != nil {
			return nil, readError(err)
		}
	} else {
		buf := bytes.NewBuffer(data)
		if _, err := io.CopyN(buf, k.in, h.Length); err != nil {
			return nil, readError(err)
		}
		data = buf.Bytes()
	}
	ws.Cipher(data[at:], h.Mask, 0)
	return data, nil
}

func (k *socket) readControl(h ws.Header, control func(ws.OpCode, []byte)) error {
	payload, err := k.readPayload(nil, h)
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
		return errNoStatus // as the original answers it
	}
	return &closeError{code: code, reason: reason, byClient: true}
}

// validCloseCode tells which codes may stand in a close frame: those of RFC
// 6455, section 7.4, and of its registry, but for those that never travel.
func validCloseCode(code ws.StatusCode) bool {
	return code >= 1000 && code <= 1013 && (code < 1004 || code > 1006) || code >= 3000 && code <= 4999
}

// readError turns the ways in which a connection can end into few.
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
	var c *closeError
	if !errors.As(err, &c) || c.code == 0 {
		return append(dst, 0x80|byte(ws.OpClose), 0)
	}
	dst = append(dst, 0x80|byte(ws.OpClose), byte(2+len(c.reason)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(c.code))
	return append(dst, c.reason...)
}

// hangUp ends a socket that a session no longer uses. The reader goes on until
// the client has answered the close frame, so that the kernel does not throw
// away, with a reset, what is still on its way. Only the reader closes the
// connection, at once where what is on its way does not matter: a descriptor
// that a batch writes to may not become somebody else's meanwhile.
func (k *socket) hangUp(reason Reason) {
	if reason == TooSlow || reason == TransportError && k.err == nil {
		k.conn.SetDeadline(past)
		return
	}
	k.conn.SetDeadline(time.Now().Add(hangUpTimeout))
	k.farewell = appendClose(nil, k.err)
	if k.writer == nobody {
		k.sayFarewell()
	}
}

// sayFarewell writes the close frame, if there is one. Nobody else is writing.
func (k *socket) sayFarewell() {
	rest := k.farewell
	k.farewell = nil
	if len(rest) == 0 {
		return
	}
	n, err := k.wire.TryWrite(rest)
	switch {
	case err != nil:
		k.conn.SetDeadline(past)
	case n < len(rest):
		k.writing.Go(func() { k.conn.Write(rest[n:]) })
	}
}

// leave closes the connection of a socket whose reader has ended.
func (k *socket) leave(err error) {
	k.writing.Wait()
	k.linger(err)
	k.conn.Close()
}

// linger reads, and ignores, what a client that has broken the rules goes on
// sending. Closed with unread bytes a connection is reset, and the client would
// not see the close frame that tells it why. Whoever calls has set a deadline.
func (k *socket) linger(err error) {
	if c := (*closeError)(nil); !errors.As(err, &c) || c.byClient {
		return
	}
	if half, ok := k.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() // nothing more comes: the client need not wait
	}
	io.Copy(io.Discard, k.in)
}

// dismiss ends a websocket that no session wants, because of err or for no
// fault of its own, and waits for the client's own close frame.
func (k *socket) dismiss(err error) {
	defer k.conn.Close()
	k.conn.SetDeadline(time.Now().Add(hangUpTimeout))
	k.conn.Write(appendClose(nil, err))
	for err == nil {
		_, _, err = k.readMessage(func(ws.OpCode, []byte) {})
	}
	k.linger(err)
}

package node

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"tsunagu/e2e/notation"
)

// answerTime is how long a player waits for what has to come.
const answerTime = 10 * time.Second

// A player carries out one exchange with a node. Each step returns an error for what it did not expect.
type player struct {
	dial        func() (net.Conn, error)
	settle      func() // waits until the node has read what was sent
	eio         string // "3" or "4"
	sessions    notation.Sessions
	connections map[string]*connection
	last        answer
}

// A connection is one that the player has opened.
type connection struct {
	net.Conn
	in       *bufio.Reader
	method   string // of the last request
	inFrames bool   // a websocket
}

// An answer is the last one that was read.
type answer struct {
	status int // 0 for the end of the connection
	body   string
}

func newPlayer(dial func() (net.Conn, error), eio string) *player {
	p := &player{dial: dial, eio: eio, connections: make(map[string]*connection)}
	p.settle = p.roundTrip
	return p
}

// roundTrip has the node answer a request that changes nothing.
func (p *player) roundTrip() {
	if conn, err := p.dial(); err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(answerTime))
		io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
		conn.Read(make([]byte, 1))
	}
}

func (p *player) close() {
	for _, c := range p.connections {
		c.Close()
	}
}

func (p *player) play(steps []step) error {
	for i, do := range steps {
		if err := do(p); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

var errNoConnection = errors.New("no connection has this name")

func (p *player) connection(name string) (*connection, error) {
	if c := p.connections[name]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("%s: %w", name, errNoConnection)
}

// connect opens a connection. An old one of this name is closed.
func (p *player) connect(name string) error {
	if old := p.connections[name]; old != nil {
		old.Close()
	}
	conn, err := p.dial()
	if err != nil {
		return err
	}
	p.connections[name] = &connection{Conn: conn, in: bufio.NewReader(conn)}
	return nil
}

// write sends bytes. The node may have closed the connection before it has read all of them, which the next
// answer shows; it has to do one or the other.
func (p *player) write(name, data string) error {
	c, err := p.connection(name)
	if err != nil {
		return err
	}
	c.SetWriteDeadline(time.Now().Add(answerTime))
	_, err = io.WriteString(c, p.sessions.Insert(data))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s: the node does not read: %w", name, err)
	}
	return nil
}

// request sends requests at once. The method of the last one matters to its answer.
func (p *player) request(name string, requests ...notation.Request) error {
	var all strings.Builder
	for _, r := range requests {
		all.WriteString(r.Text(p.eio, p.sessions))
		p.connections[name].method = r.Method
	}
	return p.write(name, all.String())
}

// answer reads the next answer, or the end of the connection.
func (p *player) answer(name string) error {
	c, err := p.connection(name)
	if err != nil {
		return err
	}
	c.SetReadDeadline(time.Now().Add(answerTime))
	p.last = answer{}
	res, err := http.ReadResponse(c.in, &http.Request{Method: c.method})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: no answer", name)
	case err != nil:
		return nil // the end
	case res.StatusCode == http.StatusSwitchingProtocols:
		c.inFrames = true
		p.last.status = res.StatusCode
		return nil
	case res.StatusCode/100 == 1:
		return p.answer(name)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s: the answer was cut off: %w", name, err)
	}
	p.last = answer{res.StatusCode, decompress(res.Header.Get("Content-Encoding"), body)}
	p.sessions.Learn(p.last.body)
	return nil
}

func decompress(encoding string, body []byte) string {
	var in io.Reader = bytes.NewReader(body)
	switch encoding {
	case "gzip":
		in, _ = gzip.NewReader(in)
	case "deflate":
		in, _ = zlib.NewReader(in)
	}
	out, _ := io.ReadAll(in)
	return string(out)
}

// A frame is one that the node has sent.
type frame struct {
	opcode  byte
	payload string
}

const (
	textFrame  = 1
	closeFrame = 8
)

// frame reads the next frame, and answers pings of Engine.IO and close frames as every client does.
func (p *player) frame(name string) (f frame, err error) {
	c, err := p.connection(name)
	if err != nil {
		return f, err
	}
	c.SetReadDeadline(time.Now().Add(answerTime))
	first, payload, err := notation.ReadFrame(c.in)
	p.sessions.Learn(payload)
	f = frame{first & 15, payload}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return f, fmt.Errorf("%s: no frame came, and no end", name)
	case errors.Is(err, notation.ErrMalformed):
		return f, fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return f, io.EOF
	case f.opcode == closeFrame:
		err = p.write(name, notation.Frame("close", payload))
	case f.opcode == textFrame && payload == "2":
		err = p.write(name, notation.Frame("text", "3"))
	}
	return f, err
}

// frameUntil reads up to a text frame with this payload.
func (p *player) frameUntil(name, text string) error {
	for {
		f, err := p.frame(name)
		if err != nil {
			return fmt.Errorf("%s: %.80q did not come: %w", name, text, err)
		}
		if f.opcode == textFrame && f.payload == text {
			return nil
		}
	}
}

// end reads up to the end of a connection. For a code other than 0 a close frame with it has to be the last.
func (p *player) end(name string, code int) error {
	c, err := p.connection(name)
	if err != nil {
		return err
	}
	if !c.inFrames {
		c.SetReadDeadline(time.Now().Add(answerTime))
		if _, err := io.Copy(io.Discard, c.in); errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%s: the connection does not end", name)
		}
		return nil
	}
	var last frame
	for {
		f, err := p.frame(name)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		last = f
	}
	if got := closeCode(last); code != 0 && got != code {
		return fmt.Errorf("%s: the last frame is %+v, want a close frame with code %d", name, last, code)
	}
	return nil
}

// noStatus is the code of RFC 6455 for a close frame that has none.
const noStatus = 1005

// closeCode returns the code of a close frame, 0 for another frame.
func closeCode(f frame) int {
	switch {
	case f.opcode != closeFrame:
		return 0
	case len(f.payload) < 2:
		return noStatus
	}
	return int(binary.BigEndian.Uint16([]byte(f.payload)))
}

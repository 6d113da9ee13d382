//go:build e2e

package e2e

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"tsunagu/e2e/notation"
)

const (
	// answerTime is how long an answer may take on a busy machine.
	answerTime = 5 * time.Second
	// silence is how long a connection has to be quiet if nothing is expected: longer than a packet takes.
	silence = 40 * time.Millisecond
)

// A player carries out one exchange with one server.
type player struct {
	server      *server
	connections map[string]*connection
	sessions    notation.Sessions
	record
	start      time.Time
	timeout    time.Duration // for an answer
	allHeaders bool          // compares also those that only one dialect leaves out
	sawEnd     bool          // a connection has ended
}

// A record is what a client saw, in the order in which it looked.
type record struct {
	lines        []string
	inconclusive string // why the exchange shows nothing
}

// A connection is one over TCP.
type connection struct {
	conn      net.Conn
	in        *bufio.Reader
	method    string // of the last request
	inFrames  bool   // a websocket
	sentClose bool   // a close frame
}

func newPlayer(s *server) *player {
	return &player{server: s, connections: map[string]*connection{}, start: time.Now(), timeout: answerTime}
}

func (p *player) close() {
	for _, c := range p.connections {
		c.conn.Close()
	}
}

// dial opens a connection. An old one of this name is closed.
func (p *player) dial(name string) *connection {
	if old := p.connections[name]; old != nil {
		old.conn.Close()
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.server.node.port)
	if err != nil {
		p.note("%s: cannot connect", name)
		p.sawEnd = true
		conn = closedConn()
	}
	p.connections[name] = &connection{conn: conn, in: bufio.NewReader(conn)}
	return p.connections[name]
}

// connection is the one with this name. An exchange that never opened it is wrong, and fails.
func (p *player) connection(name string) *connection {
	if p.connections[name] == nil {
		p.inconclusive = "no connection is called " + name
		conn := closedConn()
		p.connections[name] = &connection{conn: conn, in: bufio.NewReader(conn)}
	}
	return p.connections[name]
}

func closedConn() net.Conn {
	conn, _ := net.Pipe()
	conn.Close()
	return conn
}

// write sends bytes. An error is not reported: the next answer shows it.
func (p *player) write(name, bytes string) {
	_, _ = p.connection(name).conn.Write([]byte(bytes))
}

// barrier returns when the server has read what was sent before.
func (p *player) barrier() {
	if !p.server.answers() {
		p.sawEnd = true
	}
}

// pause lets time pass that a timer of the server needs.
func (p *player) pause(d time.Duration) { <-time.NewTimer(d).C }

// letServerNotice waits until the server has noticed what it does not answer, such as the end of a connection.
func (p *player) letServerNotice() {
	p.pause(silence)
	p.barrier()
}

// note records a line, with names in place of what differs from run to run.
func (p *player) note(format string, args ...any) {
	p.lines = append(p.lines, p.anonymous(fmt.Sprintf(format, args...)))
}

// unrecorded carries out a step and forgets what it saw.
func (p *player) unrecorded(s step) {
	before := p.record
	s(p)
	p.record = before
}

func (p *player) anonymous(s string) string {
	for i, sid := range p.sessions {
		s = strings.ReplaceAll(s, sid, fmt.Sprintf("<sid %c>", 'a'+i))
	}
	return strings.ReplaceAll(s, ":"+p.server.node.port, ":<port>")
}

// abridged shortens what is too long to show.
func abridged(s string) string {
	const most = 300
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q... (%d bytes, SHA-256 %x)", s[:most/3], len(s), sha256.Sum256([]byte(s)))
}

var pageTag = regexp.MustCompile(`^(W/"[0-9a-f]+)-[0-9a-f]{8,}"$`)

// comparable is a header line without what has to differ, "" if the header is not compared.
func (p *player) comparable(name, value string) string {
	if uncompared := p.server.uncompared; uncompared[name] == everywhere || !p.allHeaders && uncompared[name] == inMostChapters {
		return ""
	}
	switch name {
	case "Connection":
		if !strings.EqualFold(value, "upgrade") { // keep-alive is the default, and noteHeaders records close
			return ""
		}
	case "Etag":
		value = pageTag.ReplaceAllString(value, `$1-<mtime>"`)
	case "Last-Modified":
		if _, err := time.Parse(http.TimeFormat, value); err == nil {
			value = "<date>"
		}
	}
	return name + ": " + value
}

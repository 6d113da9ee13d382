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
)

const (
	// answerTime is how long an answer may take that does come.
	answerTime = 5 * time.Second
	// silence is how long nothing has to come where nothing is expected: longer than what is on its way takes.
	silence = 40 * time.Millisecond
)

// A step is one thing that a client does or waits for.
type step func(*play)

// A play is an exchange with one of the servers.
type play struct {
	world      *world
	lines      map[string]*wire // connections by name
	sids       []string         // sessions: a, b, c, in the order in which they came
	page       map[string]string
	log        record
	start      time.Time
	wait       time.Duration
	allHeaders bool // compares also those that the dialect leaves out
	hadEnd     bool // a connection has ended
}

// A record is what a client saw, in the order in which it looked.
type record struct {
	lines []string
	bad   string // why nothing can be learned from it
}

// A wire is one TCP connection.
type wire struct {
	conn     net.Conn
	in       *bufio.Reader
	method   string // of the request that waits for its answer
	closed   bool   // a close frame went out
	inFrames bool
}

func newPlay(w *world) *play {
	return &play{world: w, lines: map[string]*wire{}, page: map[string]string{}, start: time.Now(), wait: answerTime}
}

func (p *play) end() {
	for _, l := range p.lines {
		l.conn.Close()
	}
}

// note records a line, with what differs from run to run replaced by names.
func (p *play) note(format string, args ...any) {
	p.log.lines = append(p.log.lines, p.anonymous(fmt.Sprintf(format, args...)))
}

// vain records that something did not come. An exchange in which both servers keep silent takes long and says
// little, unless silence was the question.
func (p *play) vain(who string) {
	p.note("%s: nothing came", who)
	p.log.bad = who + " waited in vain"
}

var sidInAnswer = regexp.MustCompile(`sid\\*":\\*"([A-Za-z0-9_-]{20})\\*"`)

// learn remembers the session that an answer begins.
func (p *play) learn(text string) {
	for _, m := range sidInAnswer.FindAllStringSubmatch(text, -1) {
		p.sids = append(p.sids, m[1])
	}
}

func (p *play) anonymous(s string) string {
	for i, sid := range p.sids {
		s = strings.ReplaceAll(s, sid, fmt.Sprintf("<sid %c>", 'a'+i))
	}
	return strings.ReplaceAll(s, ":"+p.world.node.port, ":<port>")
}

var reference = regexp.MustCompile(`\{[a-z ]+\}`)

// fill puts in what a request refers to: {a} is the id of the first session, {etag} and such are the page's.
func (p *play) fill(s string) string {
	return reference.ReplaceAllStringFunc(s, func(ref string) string {
		name := ref[1 : len(ref)-1]
		if len(name) == 1 {
			if i := int(name[0] - 'a'); i >= 0 && i < len(p.sids) {
				return p.sids[i]
			}
		}
		if v, ok := p.page[name]; ok {
			return v
		}
		return ref
	})
}

// dial opens a connection with a name.
func (p *play) dial(name string) *wire {
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.world.node.port)
	if err != nil {
		p.note("%s: cannot connect", name)
		p.hadEnd = true
		conn, _ = net.Pipe()
		conn.Close()
	}
	l := &wire{conn: conn, in: bufio.NewReader(conn)}
	if old := p.lines[name]; old != nil {
		old.conn.Close()
	}
	p.lines[name] = l
	return l
}

// barrier returns when the server has seen what was sent before.
func (p *play) barrier() {
	if !p.world.answers() {
		p.hadEnd = true
	}
}

// flushChat lets what was said arrive before anybody else listens: a listener of its own waits for the last line.
func (p *play) flushChat() {
	const last = "the end of an exchange"
	quietly(ws("the last", "/socket.io/?EIO=3&transport=websocket"), hear("the last", 2), published(last), func(p *play) {
		if p.lines["the last"].inFrames {
			p.until("the last", func(_, payload string) bool { return payload == chatEvent(last) })
		}
	})(p)
}

// long shortens what is too long to show.
func long(s string) string {
	const most = 300
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q... (%d bytes, SHA-256 %x)", s[:most/3], len(s), sha256.Sum256([]byte(s)))
}

var pageTag = regexp.MustCompile(`^(W/"[0-9a-f]+)-[0-9a-f]{8,}"$`)

// normalHeader replaces what has to differ, and is empty for what means nothing.
func (p *play) normalHeader(name, value string) string {
	if everywhere[name] != "" || !p.allHeaders && p.world.unheard[name] != "" {
		return ""
	}
	switch name {
	case "Connection":
		if !strings.EqualFold(value, "upgrade") { // keep-alive is no news, and close is told by the answer as a whole
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

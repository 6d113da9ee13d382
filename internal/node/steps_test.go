package node

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tsunagu/e2e/notation"
)

// A step is one thing that a client does or looks at.
type step func(*player) error

// language is every form of a step. testdata/hostile/README.md says what they mean.
var language = []notation.Rule[step]{
	notation.On(`(?:(\w+): )?([A-Z]+ .*)`, func(m []string) (step, error) {
		send, name, err := parseRequests(m[1], m[2])
		return func(p *player) error { return errors.Join(send(p), p.answer(name)) }, err
	}),
	notation.On(`(\w+)> ([A-Z]+ .*)`, func(m []string) (step, error) {
		send, _, err := parseRequests(m[1], m[2])
		return func(p *player) error { defer p.settle(); return send(p) }, err
	}),
	notation.On(`(\w+)\+ ([A-Z]+ .*)`, func(m []string) (step, error) {
		r, err := notation.ParseRequest(m[2])
		return func(p *player) error {
			if _, err := p.connection(m[1]); err != nil {
				return err
			}
			return p.request(m[1], r)
		}, err
	}),
	notation.On(`(\w+)\+ (.*)`, func(m []string) (step, error) {
		data, err := notation.Expand(m[2])
		return func(p *player) error { return p.write(m[1], data) }, err
	}),
	notation.On(`(\w+) every (\S+): (.*)`, func(m []string) (step, error) {
		data, err := notation.Expand(m[3])
		pause, errPause := time.ParseDuration(m[2])
		return func(p *player) error { return p.trickle(m[1], pause, data) }, errors.Join(err, errPause)
	}),
	notation.On(`(\w*)>(binary|attachment)?(?: (.*))?`, func(m []string) (step, error) {
		payload, err := notation.Expand(m[3])
		return func(p *player) error { return p.say(notation.WebSocketName(m[1]), m[2], payload) }, err
	}),
	notation.On(`(\w+)<`, func(m []string) (step, error) {
		return func(p *player) error { return p.answer(m[1]) }, nil
	}),
	notation.On(`(\w+)< (.+)`, func(m []string) (step, error) {
		return func(p *player) error { return p.frameUntil(m[1], m[2]) }, nil
	}),
	notation.On(`= (\d+)(?: (.*))?`, func(m []string) (step, error) {
		status, _ := strconv.Atoi(m[1])
		text, err := notation.Expand(m[2])
		return func(p *player) error { return p.expect(status, text) }, err
	}),
	notation.On(`([a-c]) (opens|chats|is gone)`, func(m []string) (step, error) {
		return func(p *player) error { return p.poll(m[1], m[2]) }, nil
	}),
	notation.On(`(\w+) ends(?: (\d+))?`, func(m []string) (step, error) {
		code, _ := strconv.Atoi(m[2])
		return func(p *player) error { return p.end(m[1], code) }, nil
	}),
	notation.On(`(\w+) (dials|opens|chats|closes|resets|half-closes)`, func(m []string) (step, error) {
		return func(p *player) error { return p.act(m[1], m[2]) }, nil
	}),
	notation.On(`pause (\S+)`, func(m []string) (step, error) {
		d, err := time.ParseDuration(m[1])
		return func(*player) error { <-time.After(d); return nil }, err
	}),
}

func parseStep(text string) (step, error) {
	return notation.ParseStep(language, text)
}

// parseRequests returns a step that sends requests at once over a new connection.
func parseRequests(name, text string) (send step, connection string, err error) {
	var requests []notation.Request
	for one := range strings.SplitSeq(text, " && ") {
		r, err := notation.ParseRequest(one)
		if err != nil {
			return nil, "", err
		}
		requests = append(requests, r)
	}
	switch {
	case name == "" && strings.HasPrefix(text, "UPGRADE "):
		name = "w"
	case name == "":
		name = requests[0].Title
	}
	return func(p *player) error {
		if err := p.connect(name); err != nil {
			return err
		}
		return p.request(name, requests...)
	}, name, nil
}

// maxTrickle is the most bytes that are sent one by one.
const maxTrickle = 1000

// trickle sends bytes one by one, until the node has ended the connection.
func (p *player) trickle(name string, pause time.Duration, data string) error {
	c, err := p.connection(name)
	if err != nil {
		return err
	}
	data = p.sessions.Insert(data)
	c.SetWriteDeadline(time.Time{})
	for i := range min(len(data), maxTrickle) {
		if _, err := io.WriteString(c, data[i:i+1]); err != nil {
			return nil
		}
		<-time.After(pause)
	}
	return nil
}

// say sends a frame: text, binary, or an attachment as the dialect frames it.
func (p *player) say(name, opcode, payload string) error {
	switch {
	case opcode == "":
		opcode = "text"
	case opcode == "attachment" && p.eio == "3":
		payload = "\x04" + payload
	}
	if opcode != "text" {
		opcode = "binary"
	}
	return p.write(name, notation.Frame(opcode, p.sessions.Insert(payload)))
}

func (p *player) expect(status int, text string) error {
	if p.last.status != status || !strings.Contains(p.last.body, text) {
		return fmt.Errorf("the answer is %d %.200q, want %d %q", p.last.status, p.last.body, status, text)
	}
	return nil
}

// ask sends a request over a new connection and expects an answer with this text.
func (p *player) ask(name, request string, status int, text string) error {
	r, err := notation.ParseRequest(request)
	if err != nil {
		return err
	}
	if err := p.connect(name); err != nil {
		return err
	}
	if err := errors.Join(p.request(name, r), p.answer(name)); err != nil {
		return err
	}
	if err := p.expect(status, text); err != nil {
		return fmt.Errorf("%s: %w", request, err)
	}
	return nil
}

// lines numbers what players say.
var lines atomic.Int64

// chatLine returns the packet of a line that nobody else says.
func chatLine() string { return fmt.Sprintf(`42["chat","line %d"]`, lines.Add(1)) }

// act takes the steps of a connection that are a word.
func (p *player) act(name, what string) error {
	switch what {
	case "dials":
		return p.connect(name)
	case "opens":
		if err := p.ask(name, "UPGRADE ~", 101, ""); err != nil {
			return err
		}
		if f, err := p.frame(name); err != nil || !strings.HasPrefix(f.payload, `0{"sid":`) {
			return fmt.Errorf("%s: got %q, %v, want an open packet", name, f.payload, err)
		}
		if p.eio == "3" {
			return p.frameUntil(name, "40")
		}
		if err := p.say(name, "", "40"); err != nil {
			return err
		}
		_, err := p.frame(name)
		return err
	case "chats":
		line := chatLine()
		if err := p.say(name, "", line); err != nil {
			return err
		}
		return p.frameUntil(name, line)
	}
	c, err := p.connection(name)
	if err != nil {
		return err
	}
	switch conn := c.Conn.(type) {
	case interface{ CloseWrite() error }:
		if what == "half-closes" {
			return conn.CloseWrite()
		}
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && what == "resets" {
		tcp.SetLinger(0)
	}
	return c.Close()
}

// poll takes the steps of a polling session.
func (p *player) poll(session, what string) error {
	switch {
	case what == "is gone":
		return p.ask("poll", "GET @"+session, 400, `{"code":1,`)
	case what == "chats":
		line := chatLine()
		if err := p.ask("post", "POST @"+session+" -p "+line, 200, "ok"); err != nil {
			return err
		}
		return p.pollUntil(session, line)
	}
	if err := p.ask("poll", "GET @", 200, `0{"sid":`); err != nil {
		return err
	}
	if want := "{" + session + "}"; p.sessions.Insert(want) == want {
		return fmt.Errorf("session %s is not the next one", session)
	}
	if p.eio == "3" {
		return nil
	}
	if err := p.ask("post", "POST @"+session+" -p 40", 200, "ok"); err != nil {
		return err
	}
	return p.pollUntil(session, `40{"sid":`)
}

// pollUntil polls until a text has come.
func (p *player) pollUntil(session, text string) error {
	for {
		if err := p.ask("poll", "GET @"+session, 200, ""); err != nil {
			return fmt.Errorf("%q did not come: %w", text, err)
		}
		if strings.Contains(p.last.body, text) {
			return nil
		}
	}
}

// leave ends a polling session as a browser does that closes a page: its poll ends.
func (p *player) leave(session string) error {
	r, err := notation.ParseRequest("GET @" + session)
	if err != nil {
		return err
	}
	if err := p.connect("poll"); err != nil {
		return err
	}
	return p.request("poll", r)
}

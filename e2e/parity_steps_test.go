//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tsunagu/e2e/notation"
)

// A step is one thing that a client does or looks at.
type step func(*player)

// language is every form of a step. testdata/exchanges/README.md says what they mean.
var language = []notation.Rule[step]{
	notation.On(`(?:(\w+): )?([A-Z]+ .*)`, func(m []string) (step, error) {
		r, err := notation.ParseRequest(m[2])
		name := m[1]
		switch {
		case name == "" && strings.HasPrefix(m[2], "UPGRADE "):
			name = "w"
		case name == "":
			name = r.Title
		}
		return func(p *player) { p.send(name, r); p.answer(name) }, err
	}),
	notation.On(`(\w+)> ([A-Z]+ .*)`, func(m []string) (step, error) {
		var requests []notation.Request
		for text := range strings.SplitSeq(m[2], " && ") {
			r, err := notation.ParseRequest(text)
			if err != nil {
				return nil, err
			}
			requests = append(requests, r)
		}
		return func(p *player) { p.send(m[1], requests...); p.barrier() }, nil
	}),
	notation.On(`(\w+)\+ ([A-Z]+ .*)`, func(m []string) (step, error) {
		r, err := notation.ParseRequest(m[2])
		return func(p *player) {
			p.connection(m[1]).method = r.Method
			p.write(m[1], r.Text(p.server.eio, p.sessions))
		}, err
	}),
	notation.On(`(\w+)\+ (.*)`, func(m []string) (step, error) {
		bytes, err := notation.Expand(m[2])
		return func(p *player) {
			p.connection(m[1]).sentClose = strings.Contains(m[2], "close")
			p.write(m[1], bytes)
		}, err
	}),
	notation.On(`(\w*)>(binary|attachment)?(?: (.*))?`, func(m []string) (step, error) {
		payload, err := notation.Expand(m[3])
		return func(p *player) { p.say(notation.WebSocketName(m[1]), m[2], payload) }, err
	}),
	notation.On(`(\w*)<(\d*)`, func(m []string) (step, error) {
		name := notation.WebSocketName(m[1])
		return func(p *player) { p.read(name, m[2]) }, nil
	}),
	notation.On(`(\w+)\?`, func(m []string) (step, error) {
		return func(p *player) { p.silent(m[1]) }, nil
	}),
	notation.On(`([a-c](?:&\S+)?) lives`, func(m []string) (step, error) {
		return func(p *player) { p.sessionLives(m[1]) }, nil
	}),
	notation.On(`([a-c](?:&\S+)?) lives beside (\w+)`, func(m []string) (step, error) {
		return func(p *player) { p.sessionLivesBeside(m[1], m[2]) }, nil
	}),
	notation.On(`(\w+) (opens|connects|lives|chats|ends|closes)`, func(m []string) (step, error) {
		return func(p *player) { p.act(m[1], m[2]) }, nil
	}),
	notation.On(`poll (@\S+) until (\d+) (.*)`, func(m []string) (step, error) {
		r, err := notation.ParseRequest("GET " + m[1])
		n, _ := strconv.Atoi(m[2])
		return func(p *player) { p.pollUntil(r, n, m[3]) }, err
	}),
	notation.On(`publish(?: (.*))?`, func(m []string) (step, error) {
		line, err := notation.Expand(m[1])
		return func(p *player) { p.publish(line) }, err
	}),
	notation.On(`all headers`, func([]string) (step, error) {
		return func(p *player) { p.allHeaders = true }, nil
	}),
	notation.On(`clock`, func([]string) (step, error) {
		return func(p *player) { p.start = time.Now() }, nil
	}),
	notation.On(`(\w+) silent (\d+s)`, func(m []string) (step, error) {
		d, err := time.ParseDuration(m[2])
		return func(p *player) { p.silentFor(m[1], d) }, err
	}),
	notation.On(`(\w+) (\d+s)`, func(m []string) (step, error) {
		d, err := time.ParseDuration(m[2])
		switch m[1] {
		case "pause":
			return func(p *player) { p.pause(d) }, err
		case "timeout":
			return func(p *player) { p.timeout = d }, err
		case "took":
			return func(p *player) { p.took(d) }, err
		}
		return nil, fmt.Errorf("%s is no step with a duration", m[1])
	}),
}

func parseStep(text string) (step, error) {
	if inner, ok := strings.CutPrefix(text, "("); ok {
		s, err := parseStep(strings.TrimSuffix(inner, ")"))
		return func(p *player) { p.unrecorded(s) }, err
	}
	return notation.ParseStep(language, text)
}

// say sends a frame: text, binary, or an attachment as the dialect frames it.
func (p *player) say(name, opcode, payload string) {
	switch {
	case opcode == "":
		p.sendFrame(name, "text", p.sessions.Insert(payload))
	case opcode == "attachment" && p.server.eio == "3":
		p.sendFrame(name, "binary", "\x04"+payload)
	default:
		p.sendFrame(name, "binary", payload)
	}
}

// read records the next answer, or the next n frames.
func (p *player) read(name, n string) {
	if !p.connection(name).inFrames {
		p.answer(name)
		return
	}
	count, _ := strconv.Atoi(n)
	for range max(count, 1) {
		p.frame(name)
	}
}

// act carries out the steps of a connection that are a word.
func (p *player) act(name, what string) {
	if what == "opens" {
		r, _ := notation.ParseRequest("UPGRADE ~")
		p.send(name, r)
		p.answer(name)
		what = "connects"
	}
	switch c := p.connection(name); what {
	case "connects": // reads how a session begins, and asks for that where the client has to
		if c.inFrames {
			p.frame(name)
			if p.server.eio == "4" {
				p.say(name, "", "40")
			}
			p.frame(name)
		}
	case "lives": // records what comes before the answer to a ping, or before the end
		if c.inFrames {
			p.say(name, "", p.server.ping)
			p.framesUntil(name, p.server.pong)
		}
	case "chats": // says a line and records what comes before it
		p.say(name, "", chatEvent("the end"))
		p.framesUntil(name, chatEvent("the end"))
	case "ends": // records what comes before the end of the connection
		p.framesUntil(name, "")
		c.conn.Close()
		p.letServerNotice()
	case "closes":
		c.conn.Close()
		p.letServerNotice()
	}
}

// sessionLives pings in a polling session and polls until the answer is there, or the session is gone. The session
// "a&j=0" is one of JSONP.
func (p *player) sessionLives(session string) {
	if status, _ := p.postPing("ping", session); status != http.StatusOK {
		return
	}
	for range 5 {
		r, _ := notation.ParseRequest("GET @" + session)
		p.send("poll", r)
		status, body := p.answer("poll")
		if status != http.StatusOK || p.server.isPong(body) {
			return
		}
	}
	p.inconclusive = "the answer to a ping did not come"
}

// sessionLivesBeside does so where a poll is pending. It would be in the way, so it is answered first.
func (p *player) sessionLivesBeside(session, poll string) {
	if p.silent(poll); p.lines[len(p.lines)-1] == poll+": waits" {
		p.postPing("POST @"+session, session)
		p.answer(poll)
	}
	p.sessionLives(session)
}

func (p *player) postPing(name, session string) (status int, body string) {
	payload := notation.Payload(p.server.eio, p.server.ping)
	if strings.Contains(session, "&j=") {
		payload = "d=" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(payload)
	}
	r, _ := notation.ParseRequest("POST @" + session + " -d " + payload)
	p.send(name, r)
	return p.answer(name)
}

// pollUntil polls until a text has come n times, in however many answers.
func (p *player) pollUntil(r notation.Request, n int, text string) {
	all := ""
	p.unrecorded(func(p *player) {
		for range n + 2 {
			p.send("poll", r)
			_, body := p.answer("poll")
			all += strings.ReplaceAll(body, "\x1e", "")
			if strings.Count(all, text) >= n {
				return
			}
		}
	})
	p.note("polls: %q", all)
}

func (p *player) publish(line string) {
	if err := p.server.publish(line); err != nil {
		p.inconclusive = err.Error()
	}
}

// took records how long it took, unless it is what the timer says.
func (p *player) took(want time.Duration) {
	if d := time.Since(p.start); d < want-want/20 || d > want+want/5+2*time.Second {
		p.note("after %v", d.Round(100*time.Millisecond))
	}
}

// chatEvent is the packet that says a line. Quoting as Go does is JSON for the lines of the tests.
func chatEvent(line string) string { return fmt.Sprintf(`42["chat",%q]`, line) }

//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"time"
)

// do sends a request and records the answer.
func do(requests ...string) step {
	return func(p *play) {
		for _, text := range requests {
			line, _, _ := strings.Cut(text, "\n")
			p.ask(line, text)
			p.answer(line)
		}
	}
}

// hello begins a polling session; what is given goes to its query.
func hello(query ...string) step { return do("GET @" + strings.Join(query, "")) }

// quietly does steps without recording them.
func quietly(steps ...step) step {
	return func(p *play) {
		before := p.log.lines
		for _, s := range steps {
			s(p)
		}
		p.log.lines = before
	}
}

// page asks for the page, so that what follows can refer to its ETag and date.
func page(p *play) {
	p.ask("the page", "GET /")
	l := p.lines["the page"]
	l.conn.SetReadDeadline(time.Now().Add(p.wait))
	res, err := http.ReadResponse(l.in, nil)
	if err != nil {
		p.broken("the page", err)
		return
	}
	p.learnPage(res)
}

// pend sends a request that is not answered yet, or shows its answer.
func pend(name, text string) step {
	return func(p *play) {
		p.ask(name, text)
		p.silent(name)
	}
}

// put puts bytes on a connection.
func put(name string, bytes ...string) step {
	return func(p *play) {
		_, _ = p.lines[name].conn.Write([]byte(p.fill(strings.Join(bytes, ""))))
	}
}

// await records the answers to what is pending.
func await(names ...string) step {
	return func(p *play) {
		for _, name := range names {
			p.answer(name)
		}
	}
}

// waits looks whether something is still pending.
func waits(name string) step { return func(p *play) { p.silent(name) } }

// hangUp closes a connection without a word.
func hangUp(name string) step {
	return func(p *play) {
		p.lines[name].conn.Close()
		p.barrier()
	}
}

// ws opens a websocket.
func ws(name, target string, headers ...string) step {
	return func(p *play) { p.handshake(name, target, headers...) }
}

// open opens a session "w" on a websocket, connects it to the chat, and reads what it is greeted with.
func open(p *play) {
	if p.handshake("w", "~") {
		greeted("w")(p)
	}
}

// greeted records how a websocket session begins.
func greeted(name string) step {
	return func(p *play) {
		p.frame(name)
		if p.world.eio == "4" { // connects only when asked to
			say(name, "40")(p)
		}
		p.frame(name)
	}
}

// say sends text frames.
func say(name string, texts ...string) step {
	return func(p *play) {
		for _, text := range texts {
			_, _ = p.lines[name].conn.Write([]byte(masked(textFrame, p.fill(text))))
		}
	}
}

// bin sends binary frames.
func bin(name string, payloads ...string) step {
	return func(p *play) {
		for _, payload := range payloads {
			_, _ = p.lines[name].conn.Write([]byte(masked(binaryFrame, payload)))
		}
	}
}

// attach sends the attachments of a packet.
func attach(name string, attachments ...string) step {
	return func(p *play) {
		for _, a := range attachments {
			if p.world.eio == "3" {
				a = "\x04" + a
			}
			bin(name, a)(p)
		}
	}
}

// hear records n frames.
func hear(name string, n int) step {
	return func(p *play) {
		for range n {
			p.frame(name)
		}
	}
}

// alive asks a websocket session for a sign of life and records all that comes before it, or before the end.
func alive(name string) step {
	return func(p *play) {
		if l := p.lines[name]; !l.inFrames {
			return
		}
		say(name, p.world.ask)(p)
		p.until(name, func(_, payload string) bool { return payload == p.world.sign })
	}
}

// ends records everything up to the end of a connection, and lets the server see that we are gone as well.
func ends(name string) step {
	return func(p *play) {
		p.until(name, func(string, string) bool { return false })
		p.lines[name].conn.Close()
		p.settle()
	}
}

// heard says a line in the chat and records everything up to its arrival.
func heard(name string) step {
	return func(p *play) {
		say(name, chatEvent("the end"))(p)
		p.until(name, func(_, payload string) bool { return payload == chatEvent("the end") })
	}
}

// lives asks a polling session for a sign of life and polls until it is there, or the session is not. "a&j=0" is one of
// JSONP.
func lives(session string) step {
	return func(p *play) {
		p.ask("ping", "POST @"+session+p.world.askBody(session))
		if status, _ := p.answer("ping"); status != http.StatusOK {
			return
		}
		for range 5 {
			p.ask("poll", "GET @"+session)
			status, body := p.answer("poll")
			if status != http.StatusOK || p.world.signIn(body) {
				return
			}
		}
		p.log.bad = "the sign of life did not come"
	}
}

// published says lines on Redis.
func published(lines ...string) step {
	return func(p *play) {
		for _, line := range lines {
			if err := p.world.publish(line); err != nil {
				p.log.bad = err.Error()
			}
		}
	}
}

// patiently waits longer from now on.
func patiently(d time.Duration) step { return func(p *play) { p.wait = d } }

// clock begins to measure.
func clock(p *play) { p.start = time.Now() }

// took records whether it took as long as a timer does.
func took(want time.Duration) step {
	return func(p *play) {
		if d := time.Since(p.start); d < want-want/20 || d > want+want/5+2*time.Second {
			p.note("after %v", d.Round(100*time.Millisecond))
		}
	}
}

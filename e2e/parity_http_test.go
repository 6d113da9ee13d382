//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// A request of the corpus: "POST @a -H Origin: http://a -d 1:2". Version, Host and Content-Length are added where
// they are missing.
type request struct {
	title   string // the line as it is written
	line    string // method, target and perhaps the version
	headers []string
	body    string
	hasBody bool
	packets []string // the body's, in the encoding of the dialect
}

var websocketHeaders = []string{
	"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

func parseRequest(text string) (r request, err error) {
	if target, ok := strings.CutPrefix(text, "UPGRADE "); ok {
		target, more, _ := strings.Cut(target, " ")
		text = strings.TrimSuffix("GET "+target+" -U "+more, " ")
	}
	var body string
	text, body, r.hasBody = strings.Cut(text, " -d")
	if r.body, err = expand(strings.TrimPrefix(body, " ")); err != nil {
		return r, err
	}
	options := strings.Split(text, " -")
	r.title = options[0]
	if r.line, err = expand(options[0]); err != nil {
		return r, err
	}
	for _, option := range options[1:] {
		value, err := expand(strings.TrimPrefix(option[1:], " "))
		switch {
		case err != nil:
			return r, err
		case option[0] == 'H':
			r.headers = append(r.headers, value)
		case option[0] == 'U':
			r.headers = append(r.headers, websocketHeaders...)
		case option[0] == 'p':
			r.packets, r.hasBody = append(r.packets, value), true
		default:
			return r, fmt.Errorf("no option -%s", option)
		}
	}
	return r, nil
}

var shorthand = regexp.MustCompile(`([@~])([34]?)([a-c]?)`)

// text is the request as it goes out.
func (r request) text(p *player) (text, method string) {
	method, _, _ = strings.Cut(r.line, " ")
	line := shorthand.ReplaceAllStringFunc(r.line, func(s string) string {
		m := shorthand.FindStringSubmatch(s)
		target := "/socket.io/?EIO=" + p.server.eio
		if m[2] != "" {
			target = "/socket.io/?EIO=" + m[2]
		}
		target += map[string]string{"@": "&transport=polling", "~": "&transport=websocket"}[m[1]]
		if m[3] != "" {
			target += "&sid={" + m[3] + "}"
		}
		return target
	})
	if !strings.Contains(line, " HTTP/") {
		line += " HTTP/1.1"
	}
	headers, body := slices.Clone(r.headers), p.withSessions(r.body)
	if r.packets != nil {
		body = p.server.payload(r.packets...)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, name+":") })
	}
	if !has("Host") {
		headers = append(headers, "Host: localhost")
	}
	if r.hasBody && !has("Content-Length") && !has("Transfer-Encoding") {
		headers = append(headers, fmt.Sprint("Content-Length: ", len(body)))
	}
	return p.withSessions(line+"\r\n"+strings.Join(headers, "\r\n")) + "\r\n\r\n" + body, method
}

// payload encodes packets for a POST.
func (d *dialect) payload(packets ...string) string {
	if d.eio == "4" {
		return strings.Join(packets, "\x1e")
	}
	var payload strings.Builder
	for _, packet := range packets {
		fmt.Fprintf(&payload, "%d:%s", len(utf16.Encode([]rune(packet))), packet)
	}
	return payload.String()
}

// send sends requests at once over a new connection.
func (p *player) send(name string, requests ...request) {
	c := p.dial(name)
	var all strings.Builder
	for _, r := range requests {
		text, method := r.text(p)
		c.method = method
		all.WriteString(text)
	}
	p.write(name, all.String())
}

// answer reads and records the next answer.
func (p *player) answer(name string) (status int, body string) {
	c := p.connection(name)
	c.conn.SetReadDeadline(time.Now().Add(p.timeout))
	res, err := http.ReadResponse(c.in, &http.Request{Method: c.method})
	if err != nil {
		p.noAnswer(name, err)
		return 0, ""
	}
	p.note("%s: %d", name, res.StatusCode)
	c.inFrames = res.StatusCode == http.StatusSwitchingProtocols
	body = readBody(res)
	p.learnSessions(body)
	p.noteHeaders(res, c.method)
	if body != "" {
		p.note("  %s", abridged(p.anonymous(body)))
	}
	if res.StatusCode/100 == 1 && !c.inFrames {
		return p.answer(name)
	}
	return res.StatusCode, body
}

// noAnswer records a connection without an answer. Whether it was reset or closed depends on the kernel's timing.
func (p *player) noAnswer(name string, err error) {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		p.note("%s: nothing came", name)
		// An exchange in which both servers are silent shows little, unless it asks for silence.
		p.inconclusive = name + " waited in vain"
		return
	}
	p.sawEnd = true
	if strings.Contains(err.Error(), "malformed") {
		p.note("%s: not an answer: %v", name, err)
		return
	}
	p.note("%s: the connection ended", name)
}

func (p *player) noteHeaders(res *http.Response, method string) {
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, value := range res.Header[name] {
			if line := p.comparable(name, value); line != "" {
				p.note("  %s", line)
			}
		}
	}
	if res.Close {
		p.note("  Connection: close")
	}
	if method == http.MethodHead && res.StatusCode/100 == 2 {
		p.note("  Content-Length: %s", res.Header.Get("Content-Length"))
	}
}

func readBody(res *http.Response) string {
	if res.StatusCode == http.StatusSwitchingProtocols {
		return ""
	}
	var body io.Reader = res.Body
	var err error
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(res.Body)
	case "deflate":
		body, err = zlib.NewReader(res.Body)
	}
	var out []byte
	if err == nil {
		out, err = io.ReadAll(body)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return string(out) + "(and so on, for ever)"
	case err != nil:
		return string(out) + "(cut off)"
	}
	return string(out)
}

// silent looks whether something comes, and records it.
func (p *player) silent(name string) {
	c := p.connection(name)
	p.barrier()
	c.conn.SetReadDeadline(time.Now().Add(silence))
	got, err := c.in.Peek(1)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.note("%s: waits", name)
	case err != nil:
		p.noAnswer(name, err)
	case c.inFrames:
		p.frame(name)
	case bytes.HasPrefix(got, []byte("H")):
		p.answer(name)
	default:
		p.note("%s: something comes: %q", name, got)
	}
}

// silentFor wants nothing to come for some time.
func (p *player) silentFor(name string, d time.Duration) {
	c := p.connection(name)
	c.conn.SetReadDeadline(time.Now().Add(d))
	if _, err := c.in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.note("%s: does not wait for %v: %v", name, d, err)
	}
}

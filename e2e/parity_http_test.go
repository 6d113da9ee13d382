//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"tsunagu/e2e/notation"
)

// send sends requests at once over a new connection.
func (p *player) send(name string, requests ...notation.Request) {
	c := p.dial(name)
	var all strings.Builder
	for _, r := range requests {
		c.method = r.Method
		all.WriteString(r.Text(p.server.eio, p.sessions))
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
	p.sessions.Learn(body)
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

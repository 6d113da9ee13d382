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
)

// Requests are written as text: a line of method and target, lines of headers, and after an empty line the body,
// byte by byte. The version, Host and Content-Length are added where they are missing. "@" in the target
// stands for a polling handshake's and "~" for a websocket's; "@a" and "~a" belong to the first session. What begins
// with "raw:" goes out as it stands.

var shorthand = regexp.MustCompile(`[@~][a-c]?`)

func (p *play) request(text string) (raw, method string) {
	if raw, ok := strings.CutPrefix(text, "raw:"); ok {
		method, _, _ = strings.Cut(raw, " ")
		return p.fill(raw), method
	}
	head, body, hasBody := strings.Cut(text, "\n\n")
	first, headers, _ := strings.Cut(head, "\n")
	method, _, _ = strings.Cut(first, " ")
	first = shorthand.ReplaceAllStringFunc(first, func(s string) string {
		target := "/socket.io/?EIO=" + p.world.eio + "&transport=polling"
		if s[0] == '~' {
			target = "/socket.io/?EIO=" + p.world.eio + "&transport=websocket"
		}
		if len(s) == 2 {
			target += "&sid={" + s[1:] + "}"
		}
		return target
	})
	if !strings.Contains(first, " HTTP/") {
		first += " HTTP/1.1"
	}
	var lines []string
	if headers != "" {
		lines = strings.Split(headers, "\n")
	}
	has := func(name string) bool {
		return slices.ContainsFunc(lines, func(l string) bool {
			return len(l) > len(name) && strings.EqualFold(l[:len(name)+1], name+":")
		})
	}
	if !has("Host") {
		lines = append(lines, "Host: localhost")
	}
	body = p.fill(body)
	if hasBody && !has("Content-Length") && !has("Transfer-Encoding") {
		lines = append(lines, fmt.Sprint("Content-Length: ", len(body)))
	}
	return p.fill(first+"\r\n"+strings.Join(lines, "\r\n")) + "\r\n\r\n" + body, method
}

// ask sends a request over a connection of its own.
func (p *play) ask(name, text string) {
	raw, method := p.request(text)
	l := p.dial(name)
	l.method = method
	_, _ = l.conn.Write([]byte(raw)) // the answer tells, if there is one
}

// answer reads and records the next answer.
func (p *play) answer(name string) (status int, body string) {
	l := p.lines[name]
	l.conn.SetReadDeadline(time.Now().Add(p.wait))
	res, err := http.ReadResponse(l.in, &http.Request{Method: l.method})
	if err != nil {
		p.broken(name, err)
		return 0, ""
	}
	p.note("%s: %d", name, res.StatusCode)
	body = p.body(res)
	p.learn(body)
	p.headers(res, l.method)
	if body != "" {
		p.note("  %s", long(p.anonymous(body)))
	}
	if res.StatusCode/100 == 1 && res.StatusCode != http.StatusSwitchingProtocols {
		return p.answer(name)
	}
	return res.StatusCode, body
}

// broken records a connection without an answer. Whether it was reset or closed is the kernel's affair: it depends on
// what had arrived by then.
func (p *play) broken(name string, err error) {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		p.vain(name)
		return
	}
	p.hadEnd = true
	if strings.Contains(err.Error(), "malformed") {
		p.note("%s: what came is no answer: %v", name, err)
		return
	}
	p.note("%s: the connection ended", name)
}

func (p *play) headers(res *http.Response, method string) {
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, value := range res.Header[name] {
			if line := p.normalHeader(name, value); line != "" {
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

func (p *play) body(res *http.Response) string {
	if res.StatusCode == http.StatusSwitchingProtocols {
		return ""
	}
	var out []byte
	var err error
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		out, err = unpacked(gzip.NewReader(res.Body))
	case "deflate":
		out, err = unpacked(zlib.NewReader(res.Body))
	default:
		out, err = io.ReadAll(res.Body)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return string(out) + "(and so on, for ever)"
	}
	if err != nil {
		return string(out) + "(cut off)"
	}
	return string(out)
}

func unpacked(r io.Reader, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// learnPage remembers what conditions on the page refer to.
func (p *play) learnPage(res *http.Response) {
	etag, modified := res.Header.Get("Etag"), res.Header.Get("Last-Modified")
	at, _ := time.Parse(http.TimeFormat, modified)
	p.page["etag"], p.page["modified"] = etag, modified
	p.page["strong"] = strings.TrimPrefix(etag, "W/")
	p.page["earlier"] = at.AddDate(0, 0, -1).Format(http.TimeFormat)
	p.page["later"] = at.AddDate(0, 0, 1).Format(http.TimeFormat)
	p.page["iso"] = at.Format(time.RFC3339)
	p.page["asctime"] = at.Format(time.ANSIC)
}

// silent waits for nothing to come.
func (p *play) silent(name string) {
	l := p.lines[name]
	p.barrier()
	l.conn.SetReadDeadline(time.Now().Add(silence))
	got, err := l.in.Peek(1)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.note("%s: waits", name)
	case err != nil:
		p.broken(name, err)
	case l.inFrames:
		p.frame(name)
	case bytes.HasPrefix(got, []byte("H")):
		p.answer(name)
	default:
		p.note("%s: something comes: %q", name, got)
	}
}

// quietFor is silent for longer, and without the barrier.
func (p *play) quietFor(name string, d time.Duration) {
	l := p.lines[name]
	l.conn.SetReadDeadline(time.Now().Add(d))
	if _, err := l.in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.note("%s: does not wait for %v: %v", name, d, err)
	}
}

// settle lets the server notice what has no answer, such as the end of a connection.
func (p *play) settle() {
	p.pause(silence)
	p.barrier()
}

// pause lets time pass.
func (p *play) pause(d time.Duration) { <-time.NewTimer(d).C }

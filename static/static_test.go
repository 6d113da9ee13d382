package static

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// seedSHA256 is the hash of the original's page.
const seedSHA256 = "247c272309ada3bfefe67a8243b0b9f8abc7aa59ac6ecb2e75968023ba70b40d"

func TestPageIsTheOriginal(t *testing.T) {
	sum := sha256.Sum256([]byte(page))
	if got := hex.EncodeToString(sum[:]); got != seedSHA256 {
		t.Errorf("index.html hashes to %s, the original to %s", got, seedSHA256)
	}
	seed, err := os.ReadFile("../../shared/seed/index.html") // beside a developer's checkout only
	if err == nil && string(seed) != page {
		t.Error("index.html differs from the seed's")
	}
}

// ask reads a request as net/http's server does, and passes it to the handler.
func ask(t *testing.T, script client, method, target string, header ...string) (res *http.Response, body string) {
	t.Helper()
	text := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n"
	for i := 0; i+1 < len(header); i += 2 {
		text += header[i] + ": " + header[i+1] + "\r\n"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text + "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	engine := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "engine") })
	w := httptest.NewRecorder()
	route(engine, script).ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// headers compares the named headers; "" means absent.
func headers(t *testing.T, res *http.Response, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := strings.Join(res.Header.Values(name), "; "); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestPage(t *testing.T) {
	const modified = "Thu, 17 May 2018 00:00:00 GMT"
	for _, c := range []struct {
		method, target string
		header         []string
		status         int
		body           string
	}{
		{"GET", "/", nil, 200, page},
		{"GET", "/?a=b", nil, 200, page},
		{"HEAD", "/", nil, 200, ""},
		{"GET", "/", []string{"If-None-Match", pageETag}, 304, ""},
		{"GET", "/", []string{"If-Modified-Since", modified}, 304, ""},
		{"GET", "/", []string{"Range", "bytes=0-9"}, 206, page[:10]},
	} {
		res, body := ask(t, embeddedClient, c.method, c.target, c.header...)
		if res.StatusCode != c.status || body != c.body {
			t.Errorf("%s %s with %q: status %d, body %q", c.method, c.target, c.header, res.StatusCode, body)
		}
		headers(t, res, map[string]string{"Cache-Control": "public, max-age=0", "ETag": pageETag})
		if c.status == 200 {
			headers(t, res, map[string]string{
				"Accept-Ranges": "bytes", "Content-Length": "1381", "Content-Type": "text/html; charset=UTF-8", "Last-Modified": modified,
			})
		}
	}
}

func TestNotFound(t *testing.T) {
	for _, c := range []struct{ method, target, text string }{
		{"GET", "/x?y=1", "Cannot GET /x"},
		{"GET", "//", "Cannot GET //"},
		{"GET", "/a/../", "Cannot GET /a/../"},
		{"GET", "/index.html", "Cannot GET /index.html"},
		{"GET", "/socket.io", "Cannot GET /socket.io"},
		{"GET", "http://elsewhere/socket.io/", "Cannot GET /socket.io/"},
		{"POST", "/", "Cannot POST /"},
		{"OPTIONS", "/x", "Cannot OPTIONS /x"},
		{"GET", "/%3Cb%3E<&", "Cannot GET /%3Cb%3E%3C&amp;"},
		{"X'&", "/日", "Cannot X&#39;&amp; /%E6%97%A5"},
	} {
		res, body := ask(t, embeddedClient, c.method, c.target)
		if res.StatusCode != 404 || !strings.Contains(body, "<pre>"+c.text+"</pre>") {
			t.Errorf("%s %s: status %d, %q; want %q", c.method, c.target, res.StatusCode, body, c.text)
		}
		headers(t, res, map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'self'",
			"X-Content-Type-Options": "nosniff", "ETag": "",
		})
	}
}

func TestOptions(t *testing.T) {
	res, body := ask(t, embeddedClient, "OPTIONS", "/")
	if res.StatusCode != 200 || body != "GET,HEAD" {
		t.Errorf("OPTIONS /: status %d, body %q", res.StatusCode, body)
	}
	headers(t, res, map[string]string{"Allow": "GET,HEAD", "Content-Type": "text/html; charset=utf-8"})
}

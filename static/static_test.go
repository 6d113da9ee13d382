package static

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What the original's page hashes to.
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

// ask hands over a request line as it stands: net/http's client would clean it.
func ask(t *testing.T, script client, method, target string, header ...string) *http.Response {
	t.Helper()
	engine := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "engine") })
	r := httptest.NewRequest(method, "/", nil)
	r.RequestURI = target
	if u, err := r.URL.Parse(target); err == nil {
		r.URL = u
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	route(engine, script).ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
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
	for _, target := range []string{"/", "/?a=b", "/?", "http://elsewhere/"} {
		res := ask(t, ownClient, "GET", target)
		if res.StatusCode != 200 || bodyOf(t, res) != page {
			t.Errorf("GET %s: status %d and not the page", target, res.StatusCode)
		}
		headers(t, res, map[string]string{
			"Accept-Ranges":  "bytes",
			"Cache-Control":  "public, max-age=0",
			"Content-Length": "1381",
			"Content-Type":   "text/html; charset=UTF-8",
			"ETag":           `W/"565-` + strconv.FormatInt(pageTime.UnixMilli(), 16) + `"`,
			"Last-Modified":  "Thu, 17 May 2018 00:00:00 GMT",
			"Content-Range":  "",
		})
	}
	head := ask(t, ownClient, "HEAD", "/")
	if body := bodyOf(t, head); head.StatusCode != 200 || body != "" {
		t.Errorf("HEAD /: status %d, body %q", head.StatusCode, body)
	}
	headers(t, head, map[string]string{"Content-Length": "1381", "ETag": pageETag})
}

func TestPageConditions(t *testing.T) {
	const before, after = "Mon, 01 Jan 2001 00:00:00 GMT", "Tue, 01 Jan 2030 00:00:00 GMT"
	strong := strings.TrimPrefix(pageETag, "W/")
	for _, c := range []struct {
		header []string
		status int
	}{
		{[]string{"If-None-Match", pageETag}, 304},
		{[]string{"If-None-Match", `"a", ` + strong + ` `}, 304},
		{[]string{"If-None-Match", `"a"`, "If-None-Match", strong}, 304},
		{[]string{"If-None-Match", "*"}, 304},
		{[]string{"If-None-Match", `"a"`}, 200},
		{[]string{"If-Modified-Since", pageModified}, 304},
		{[]string{"If-Modified-Since", after}, 304},
		{[]string{"If-Modified-Since", before}, 200},
		{[]string{"If-Modified-Since", "yesterday"}, 200},
		{[]string{"If-None-Match", pageETag, "If-Modified-Since", before}, 200},
		{[]string{"If-None-Match", pageETag, "Cache-Control", "max-age=0, no-cache"}, 200},
		{[]string{"If-None-Match", pageETag, "Cache-Control", "no-cache-please"}, 304},
		{[]string{"If-None-Match", pageETag, "Range", "bytes=0-9"}, 304},
		{[]string{"If-Match", pageETag}, 200},
		{[]string{"If-Match", "*"}, 200},
		{[]string{"If-Match", `"a"`}, 412},
		{[]string{"If-Match", `"a"`, "If-None-Match", pageETag}, 412},
		{[]string{"If-Unmodified-Since", before}, 412},
		{[]string{"If-Unmodified-Since", after}, 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			res := ask(t, ownClient, method, "/", c.header...)
			if res.StatusCode != c.status {
				t.Errorf("%s with %q: status %d, want %d", method, c.header, res.StatusCode, c.status)
			}
			headers(t, res, map[string]string{"ETag": pageETag, "Last-Modified": pageModified})
			if res.StatusCode == 304 {
				headers(t, res, map[string]string{"Content-Type": "", "Content-Length": ""})
			}
		}
	}
}

func TestPageRanges(t *testing.T) {
	for _, c := range []struct {
		spec        string
		first, last int // of the part; -1 for the whole page, -2 for 416
	}{
		{"bytes=0-9", 0, 9},
		{" bytes= 1- 9x", 1, 9},
		{"bytes=1376-", 1376, 1380},
		{"bytes=1376-99999999999999999999", 1376, 1380},
		{"bytes=-5", 1376, 1380},
		{"bytes=0-1,2-5", 0, 5},
		{"bytes=4-9,0-5", 0, 9},
		{"bytes=0-1,9999-", 0, 1},
		{"bytes=0-1,4-5", -1, 0},
		{"items=0-1", -1, 0},
		{"Bytes=0-1", -1, 0},
		{"bytes=5000-", -2, 0},
		{"bytes=-5000", -2, 0},
		{"bytes=9-1", -2, 0},
		{"bytes=abc", -2, 0},
		{"bytes=", -2, 0},
	} {
		res := ask(t, ownClient, "GET", "/", "Range", c.spec)
		body := bodyOf(t, res)
		switch {
		case c.first == -1:
			if res.StatusCode != 200 || body != page {
				t.Errorf("%q: status %d, want the whole page", c.spec, res.StatusCode)
			}
		case c.first == -2:
			if res.StatusCode != 416 || !strings.Contains(body, "<pre>Range Not Satisfiable</pre>") {
				t.Errorf("%q: status %d, %q; want 416", c.spec, res.StatusCode, body)
			}
			headers(t, res, map[string]string{"Content-Range": "bytes */1381", "Content-Type": "text/html; charset=utf-8"})
		case res.StatusCode != 206 || body != page[c.first:c.last+1]:
			t.Errorf("%q: status %d, %q; want bytes %d to %d", c.spec, res.StatusCode, body, c.first, c.last)
		default:
			headers(t, res, map[string]string{
				"Content-Range":  "bytes " + strconv.Itoa(c.first) + "-" + strconv.Itoa(c.last) + "/1381",
				"Content-Length": strconv.Itoa(c.last - c.first + 1),
			})
		}
	}
}

func TestPageIfRange(t *testing.T) {
	for condition, status := range map[string]int{
		pageETag: 206, pageModified: 206, `"x"`: 200, "Mon, 01 Jan 2001 00:00:00 GMT": 200, "rubbish": 200,
	} {
		if res := ask(t, ownClient, "GET", "/", "Range", "bytes=0-9", "If-Range", condition); res.StatusCode != status {
			t.Errorf("If-Range %q: status %d, want %d", condition, res.StatusCode, status)
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
		{"GET", "http://elsewhere/x", "Cannot GET /x"},
		{"POST", "/", "Cannot POST /"},
		{"OPTIONS", "/x", "Cannot OPTIONS /x"},
		{"GET", "/%3Cb%3E<'\"&%zz", "Cannot GET /%3Cb%3E%3C&#39;%22&amp;%25zz"},
		{"GET", "/日%", "Cannot GET /%E6%97%A5%25"},
	} {
		res := ask(t, ownClient, c.method, c.target)
		if body := bodyOf(t, res); res.StatusCode != 404 || !strings.Contains(body, "<pre>"+c.text+"</pre>") {
			t.Errorf("%s %s: status %d, %q; want %q", c.method, c.target, res.StatusCode, body, c.text)
		}
		headers(t, res, map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'self'",
			"X-Content-Type-Options": "nosniff", "ETag": "",
		})
	}
}

func TestOptions(t *testing.T) {
	res := ask(t, ownClient, "OPTIONS", "/")
	if body := bodyOf(t, res); res.StatusCode != 200 || body != "GET,HEAD" {
		t.Errorf("OPTIONS /: status %d, body %q", res.StatusCode, body)
	}
	headers(t, res, map[string]string{
		"Allow": "GET,HEAD", "Content-Length": "8", "Content-Type": "text/html; charset=utf-8",
		"ETag": `W/"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg"`,
	})
}

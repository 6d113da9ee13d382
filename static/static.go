package static

import (
	"net/http"
	"slices"
	"strings"
)

// enginePath is what engine.io 3.2.1 compares the start of a request line with.
const enginePath = "/socket.io/"

// Handler routes a node's whole port. What belongs to the engine goes to engine; the rest is answered here.
func Handler(engine http.Handler) http.Handler { return route(engine, ownClient) }

func route(engine, script http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.RequestURI
		switch {
		case strings.HasPrefix(target, clientPath) && !asksUpgrade(r):
			script.ServeHTTP(w, r)
		case strings.HasPrefix(target, enginePath):
			engine.ServeHTTP(w, r)
		case pathname(r) != "/":
			notFound(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			servePage(w, r)
		case r.Method == http.MethodOptions:
			serveOptions(w)
		default:
			notFound(w, r)
		}
	})
}

// asksUpgrade tells whether Node would have made this an upgrade, which is no request: the script is no answer to it.
func asksUpgrade(r *http.Request) bool {
	named := func(token string) bool { return strings.EqualFold(strings.TrimSpace(token), "upgrade") }
	return r.Header.Get("Upgrade") != "" && slices.ContainsFunc(strings.Split(list(r.Header, "Connection"), ","), named)
}

// serveOptions is the answer that Express makes up for a path that has a GET route.
func serveOptions(w http.ResponseWriter) {
	const allow = "GET,HEAD"
	h := w.Header()
	h.Set("Allow", allow)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("ETag", `W/"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg"`) // length and SHA-1 of the body, as its etag package writes it
	h.Set("Content-Length", "8")
	_, _ = w.Write([]byte(allow))
}

// pathname is the path of the request line, undecoded, to where a query or a fragment begins. A proxy's absolute form
// counts as its path.
func pathname(r *http.Request) string {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") && target != "*" {
		target = "/" + strings.TrimPrefix(r.URL.EscapedPath(), "/")
	}
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	return target
}

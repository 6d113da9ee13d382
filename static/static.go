package static

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// enginePath is the prefix of the request line by which engine.io 3.2.1 recognises its requests.
const enginePath = "/socket.io/"

// Handler routes all requests of a node. Those of the engine go to engine; static answers the others.
func Handler(engine http.Handler) http.Handler { return route(engine, embeddedClient) }

func route(engine, script http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.RequestURI, clientPath) && !isUpgrade(r):
			script.ServeHTTP(w, r)
		case strings.HasPrefix(r.RequestURI, enginePath):
			engine.ServeHTTP(w, r)
		case r.URL.Path != "/":
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

// isUpgrade tells whether Node would treat the request as an upgrade: then the original serves no script.
func isUpgrade(r *http.Request) bool {
	tokens := strings.Split(strings.Join(r.Header.Values("Connection"), ","), ",")
	return r.Header.Get("Upgrade") != "" && slices.ContainsFunc(tokens, func(token string) bool {
		return strings.EqualFold(strings.TrimSpace(token), "upgrade")
	})
}

// serveOptions answers as Express does for a path that has a GET route.
func serveOptions(w http.ResponseWriter) {
	const allow = "GET,HEAD"
	h := w.Header()
	h.Set("Allow", allow)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("ETag", `W/"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg"`) // length and SHA-1 of the body
	_, _ = w.Write([]byte(allow))
}

// notFound answers with the error page of Express.
func notFound(w http.ResponseWriter, r *http.Request) {
	body := `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>` + html.EscapeString("Cannot "+r.Method+" "+r.URL.EscapedPath()) + `</pre>
</body>
</html>
`
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(body)) // net/http drops it for HEAD
}

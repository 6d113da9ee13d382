package static

import (
	"net/http"
	"regexp"
	"strings"
)

const (
	clientPath    = "/socket.io/socket.io.js"
	clientMapPath = clientPath + ".map"
)

// clientURL is where the page itself takes its client from, so that both are always the same version.
var clientURL = regexp.MustCompile(`<script src="(https://[^"]+/socket\.io\.js)">`).FindStringSubmatch(page)[1]

// serveClient answers for the client script and its source map. Like the original it looks at the
// start of the path only, and not at the method.
func serveClient(w http.ResponseWriter, r *http.Request) {
	target := clientURL
	if strings.HasPrefix(r.RequestURI, clientMapPath) {
		target += ".map"
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

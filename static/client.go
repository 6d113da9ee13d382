package static

import (
	"embed"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
)

const (
	clientPath    = "/socket.io/socket.io.js"
	clientMapPath = clientPath + ".map"
)

//go:generate go run ./internal/fetch client

// What go generate fetched. It is not ours, so it is not committed, and the folder may be as good as empty.
//
//go:embed all:client
var fetched embed.FS

// clientURL is where the page itself takes its client from, so that both are always the same version.
var clientURL = regexp.MustCompile(`<script src="(https://[^"]+/socket\.io\.js)">`).FindStringSubmatch(page)[1]

// clientETag is that version.
var clientETag = `"` + regexp.MustCompile(`/([^/]+)/socket\.io\.js$`).FindStringSubmatch(clientURL)[1] + `"`

// A client is the script that clients may load from the server, and its source map. The zero value was not
// fetched, and redirects.
type client struct{ script, sourceMap []byte }

// ownClient is the embedded one, read once for all nodes.
var ownClient = loadClient(fetched)

func loadClient(files fs.FS) client {
	script, err := fs.ReadFile(files, "client/socket.io.js")
	if err != nil {
		return client{}
	}
	sourceMap, err := fs.ReadFile(files, "client/socket.io.js.map")
	if err != nil {
		return client{}
	}
	return client{script, sourceMap}
}

// ServeHTTP answers for both files. Like the original it looks at the start of the path only, not at the
// method, nor at any condition but an If-None-Match that is the very tag; a 304 carries no tag, and no
// answer its length.
func (c client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, contentType, target := c.script, "application/javascript", clientURL
	if strings.HasPrefix(r.RequestURI, clientMapPath) {
		body, contentType, target = c.sourceMap, "application/json", clientURL+".map"
	}
	h := w.Header()
	switch {
	case body == nil:
		h.Set("Location", target)
		w.WriteHeader(http.StatusFound)
	case list(r.Header, "If-None-Match") == clientETag:
		w.WriteHeader(http.StatusNotModified)
	default:
		h.Set("Content-Type", contentType)
		h.Set("ETag", clientETag)
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			_, _ = w.Write(body)
		}
	}
}

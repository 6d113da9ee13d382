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

// fetched is what go generate fetched. It is not ours, so it is not committed, and the folder may hold .gitkeep only.
//
//go:embed all:client
var fetched embed.FS

// clientURL is where the page loads its client from. The embedded client has the same version.
var clientURL = regexp.MustCompile(`<script src="(https://[^"]+/socket\.io\.js)">`).FindStringSubmatch(page)[1]

// clientETag is the version of the client.
var clientETag = `"` + regexp.MustCompile(`/([^/]+)/socket\.io\.js$`).FindStringSubmatch(clientURL)[1] + `"`

// A client is the script that pages may load from the server, and its source map. The zero value, for a build without
// them, redirects.
type client struct{ script, sourceMap []byte }

var embeddedClient = loadClient(fetched)

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

// ServeHTTP serves both files as the original does, which http.ServeContent does not: only the start of the path
// counts, the method does not, and the only condition is an If-None-Match with exactly the ETag.
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
	case strings.Join(r.Header.Values("If-None-Match"), ", ") == clientETag:
		w.WriteHeader(http.StatusNotModified)
	default:
		h.Set("Content-Type", contentType)
		h.Set("ETag", clientETag)
		if r.Method != http.MethodHead {
			_, _ = w.Write(body)
		}
	}
}

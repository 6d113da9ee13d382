package static

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"time"
)

//go:embed index.html
var page string

// pageTime is the modification time of the page. An embedded file has none, and a load balancer may send one browser
// to several nodes, so all builds have to agree on one. It is set by hand, with every change of the page.
var pageTime = time.Date(2018, time.May, 17, 0, 0, 0, 0, time.UTC)

// pageETag is built as Express builds it.
var pageETag = fmt.Sprintf(`W/"%x-%x"`, len(page), pageTime.UnixMilli())

func servePage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("ETag", pageETag)
	http.ServeContent(w, r, "", pageTime, strings.NewReader(page))
}

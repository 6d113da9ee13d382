package static

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed index.html
var page string

// An embedded file has no modification time, and a load balancer may send one browser to several
// nodes, so all builds must agree on one. It is of the year of socket.io 2.1.1, which the page loads;
// whoever changes the page changes it.
var pageTime = time.Date(2018, time.May, 17, 0, 0, 0, 0, time.UTC)

var (
	pageModified = pageTime.Format(http.TimeFormat)
	pageETag     = fmt.Sprintf(`W/"%x-%x"`, len(page), pageTime.UnixMilli())
)

// servePage answers as send 0.16 does, which net/http.ServeContent does not: both conditions must hold
// for a 304, several ranges give the whole page, and a malformed one 416.
func servePage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("Last-Modified", pageModified)
	h.Set("ETag", pageETag)
	switch {
	case !preconditionHolds(r.Header):
		writeError(w, http.StatusPreconditionFailed, "Precondition Failed")
		return
	case isFresh(r.Header):
		w.WriteHeader(http.StatusNotModified)
		return
	}
	part, status := byteRange{0, len(page) - 1}, http.StatusOK
	if spec := list(r.Header, "Range"); strings.HasPrefix(strings.TrimLeft(spec, " "), "bytes=") && isRangeFresh(r.Header) {
		ranges := parseRanges(spec, len(page))
		switch len(ranges) {
		case 0:
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(page)))
			writeError(w, http.StatusRequestedRangeNotSatisfiable, "Range Not Satisfiable")
			return
		case 1:
			part, status = ranges[0], http.StatusPartialContent
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.first, part.last, len(page)))
		}
	}
	h.Set("Content-Type", "text/html; charset=UTF-8")
	body := page[part.first : part.last+1]
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body))
	}
}

// preconditionHolds judges If-Match and If-Unmodified-Since.
func preconditionHolds(h http.Header) bool {
	if match := list(h, "If-Match"); match != "" {
		return match == "*" || namesPage(match)
	}
	since, err := http.ParseTime(h.Get("If-Unmodified-Since"))
	return err != nil || !pageTime.After(since)
}

// isFresh tells whether the asker's copy is the page.
func isFresh(h http.Header) bool {
	match, since := list(h, "If-None-Match"), h.Get("If-Modified-Since")
	if match == "" && since == "" || asksAnew(list(h, "Cache-Control")) {
		return false
	}
	if match != "" && match != "*" && !namesPage(match) {
		return false
	}
	if since == "" {
		return true
	}
	at, err := http.ParseTime(since)
	return err == nil && !pageTime.After(at)
}

func asksAnew(cacheControl string) bool {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		if strings.TrimSpace(directive) == "no-cache" {
			return true
		}
	}
	return false
}

// namesPage tells whether a list of entity tags has the page's, weak or strong alike.
func namesPage(tags string) bool {
	return slices.ContainsFunc(strings.Split(tags, ","), func(tag string) bool {
		return strings.TrimPrefix(strings.Trim(tag, " "), "W/") == strings.TrimPrefix(pageETag, "W/")
	})
}

// list joins a repeated header, as Node does before the application sees it.
func list(h http.Header, name string) string {
	return strings.Join(h.Values(name), ", ")
}

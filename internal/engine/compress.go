package engine

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
)

// compressThreshold is the length in bytes from which answers are compressed,
// the same as in the original.
const compressThreshold = 1024

// compress compresses a body that is long enough with an encoding that the
// client accepts. Otherwise encoding is empty.
func compress(accept string, body []byte) (encoding string, packed []byte) {
	if len(body) < compressThreshold {
		return "", nil
	}
	var buf bytes.Buffer
	var w io.WriteCloser
	encoding = chooseEncoding(accept)
	switch encoding {
	case "gzip":
		w, _ = gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	case "deflate": // HTTP's deflate is the zlib format
		w, _ = zlib.NewWriterLevel(&buf, zlib.BestSpeed)
	default:
		return "", nil
	}
	w.Write(body) // into memory: cannot fail
	w.Close()
	return encoding, buf.Bytes()
}

// chooseEncoding picks gzip or deflate by an Accept-Encoding header (RFC 9110,
// section 12.5.3): the highest weight wins, then the client's order.
func chooseEncoding(accept string) string {
	best, bestQ := "", 0.0
	refused := map[string]bool{}
	wildcard := 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, q := parseEncoding(part)
		switch {
		case name == "*":
			wildcard = q
		case name != "gzip" && name != "deflate":
		case q == 0:
			refused[name] = true
		case q > bestQ:
			best, bestQ = name, q
		}
	}
	for _, name := range []string{"gzip", "deflate"} {
		if wildcard > bestQ && name != best && !refused[name] {
			return name
		}
	}
	return best
}

func parseEncoding(part string) (name string, q float64) {
	name, params, _ := strings.Cut(part, ";")
	q = 1
	for param := range strings.SplitSeq(params, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
			break // only the first weight counts
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), q
}

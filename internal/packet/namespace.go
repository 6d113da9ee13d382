package packet

import "strings"

// splitNamespace gives pathname and query as Node's url.parse finds them,
// because the original runs the namespace of a CONNECT through it. White
// space at the end goes, backslashes become slashes, a fragment is dropped,
// and paths that are not plain have some characters escaped.
//
// One difference: in "//user@host/name" url.parse sees a host and only "/name"
// as path. Here that is a name like any other, which no server has.
//
// Source: url.parse of Node 20, lib/url.js.
func splitNamespace(s string) (path, query string) {
	s = strings.TrimRightFunc(s, isTrimmed)
	split := strings.IndexAny(s, "?#")
	if split < 0 {
		split = len(s)
	}
	s = strings.ReplaceAll(s[:split], `\`, "/") + s[split:]

	plain := !strings.HasPrefix(s, "///") && !strings.Contains(s, "#") &&
		!strings.Contains(s[:split], "@") && !strings.ContainsFunc(s, isSpace)
	if !plain {
		s, _, _ = strings.Cut(s, "#")
		s = escapeUnsafe.Replace(s)
	}
	path, query, _ = strings.Cut(s, "?")
	return path, query
}

// isTrimmed reports whether url.parse cuts r off at the end.
func isTrimmed(r rune) bool { return r <= ' ' || r == 0xa0 || r == 0xfeff }

// escapeUnsafe escapes what url.parse calls unwise or never allowed.
var escapeUnsafe = strings.NewReplacer(
	"\t", "%09", "\n", "%0A", "\r", "%0D", " ", "%20", `"`, "%22", "'", "%27",
	"<", "%3C", ">", "%3E", `\`, "%5C", "^", "%5E", "`", "%60",
	"{", "%7B", "|", "%7C", "}", "%7D",
)

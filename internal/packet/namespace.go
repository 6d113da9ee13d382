package packet

import "strings"

// splitNamespace returns pathname and query as Node's url.parse does, because the
// original passes the namespace of a CONNECT to url.parse. It trims white space at
// the end, replaces backslashes with slashes, drops a fragment, and escapes some
// characters in all but plain paths.
//
// One difference: in "//user@host/name" url.parse finds a host and returns the path
// "/name". This function returns the whole text, which is no known namespace.
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

// isTrimmed reports whether url.parse trims r at the end.
func isTrimmed(r rune) bool { return r <= ' ' || r == 0xa0 || r == 0xfeff }

// escapeUnsafe escapes the characters that url.parse lists as unwise or auto-escaped.
var escapeUnsafe = strings.NewReplacer(
	"\t", "%09", "\n", "%0A", "\r", "%0D", " ", "%20", `"`, "%22", "'", "%27",
	"<", "%3C", ">", "%3E", `\`, "%5C", "^", "%5E", "`", "%60",
	"{", "%7B", "|", "%7C", "}", "%7D",
)

package engine

import (
	"net/url"
	"strconv"
	"strings"
)

// A query is what the query string of a request says.
type query struct {
	transport string
	sid       string
	jsonp     string // head of the answer, "" without j
	base64    bool
	revision  Revision
}

func parseQuery(raw string) query {
	raw, _, _ = strings.Cut(raw, "#")
	v := parseForm(raw)
	q := query{
		// A repeated parameter is a list to the original, and no known value.
		transport: strings.Join(v["transport"], ","),
		sid:       strings.Join(v["sid"], ","),
		base64:    strings.Join(v["b64"], ",") != "",
		revision:  Revision3,
	}
	if j := v["j"]; len(j) == 1 {
		q.jsonp = "___eio[" + digits(j[0]) + "]("
	}
	// The original does not look at EIO at all, so what is missing, not a
	// number or below 4 is a client of its time. A number that is too large is
	// the largest to Atoi, beside the error.
	if n, _ := strconv.Atoi(strings.Join(v["EIO"], ",")); n > 3 {
		q.revision = Revision(n)
	}
	return q
}

// maxPairs is how many parameters of a form are read, as in the original: each
// costs a hundred times the two bytes that it may consist of.
const maxPairs = 1000

// parseForm reads a form as Node's querystring does: nothing in it is an
// error, and a semicolon is a character like any other.
func parseForm(raw string) url.Values {
	v := make(url.Values)
	pairs := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pairs++; pairs > maxPairs {
			break
		}
		if name, value, _ := strings.Cut(pair, "="); pair != "" {
			name = unescape(name)
			v[name] = append(v[name], unescape(value))
		}
	}
	return v
}

// unescape undoes percent-encoding. A percent sign without two hexadecimal
// digits behind it stands for itself.
func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

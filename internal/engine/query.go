package engine

import (
	"net/url"
	"strconv"
	"strings"
)

type query struct {
	transport string
	sid       string
	jsonp     string // text before the payload in answers; "" without parameter j
	base64    bool
	revision  Revision
}

func parseQuery(raw string) query {
	raw, _, _ = strings.Cut(raw, "#")
	v := parseForm(raw)
	q := query{
		// The original sees a repeated parameter as a list, which is no known value.
		transport: strings.Join(v["transport"], ","),
		sid:       strings.Join(v["sid"], ","),
		base64:    strings.Join(v["b64"], ",") != "",
		revision:  Revision3,
	}
	if j := v["j"]; len(j) == 1 {
		q.jsonp = "___eio[" + digits(j[0]) + "]("
	}
	// The original ignores EIO. So a missing, malformed or small value means a
	// client of revision 3. For a number that is too large, Atoi returns the
	// largest int and an error.
	if n, _ := strconv.Atoi(strings.Join(v["EIO"], ",")); n > 3 {
		q.revision = Revision(n)
	}
	return q
}

// maxPairs is the maximum number of parameters read from a form, as in the
// original. A parameter of two bytes needs a hundred times as much memory.
const maxPairs = 1000

// parseForm reads a form as Node's querystring does: no input is an error, and a
// semicolon is an ordinary character.
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

// unescape decodes percent-encoding. A percent sign without two hexadecimal digits
// behind it stays as it is.
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

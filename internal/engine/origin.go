package engine

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Origins are those of the pages whose browsers may connect. Nil means all.
type Origins []origin

// An origin is a scheme, a host and a port in lower case. "*" is any of them.
type origin struct{ scheme, host, port string }

var (
	originSyntax = regexp.MustCompile(`^(?:([a-z][a-z0-9+.-]*)://)?(\*|\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\*|[0-9]{1,5}))?$`)
	defaultPorts = map[string]string{"http": "80", "https": "443"}
)

// ParseOrigins reads a list with commas. Its entries are
//
//   - all
//     https://host          the default port of the scheme
//     https://host:8443     one port
//     https://host:*        any port
//     host, host:8443       any scheme; without a port any port
//     *:8443                any scheme and host
//
// as in the option origins of socket.io 2.1.1, whose entries always have a port. A host
// is a name, an IPv4 address, or an IPv6 address in brackets.
func ParseOrigins(list string) (Origins, error) {
	var all Origins
	for entry := range strings.SplitSeq(list, ",") {
		o, ok := parseOrigin(strings.TrimSpace(entry))
		if !ok {
			return nil, fmt.Errorf("%q: want *, or origins such as https://chat.example with commas", entry)
		}
		all = append(all, o)
	}
	if slices.Contains(all, origin{"*", "*", "*"}) {
		return nil, nil
	}
	return all, nil
}

func parseOrigin(s string) (o origin, ok bool) {
	m := originSyntax.FindStringSubmatch(strings.ToLower(s))
	if m == nil {
		return origin{}, false
	}
	o = origin{m[1], m[2], m[3]}
	switch {
	case o.scheme == "" && o.port == "":
		o.scheme, o.port = "*", "*"
	case o.scheme == "":
		o.scheme = "*"
	case o.port == "":
		o.port = defaultPorts[o.scheme]
	}
	return o, true
}

// allow reports whether a request may be answered. One without the header Origin may:
// it is of no browser, or reads nothing. JSONP is the exception. Every page can read the
// answers to its scripts, whose requests name the page in the header Referer only, and
// can leave that out.
func (all Origins) allow(r *http.Request, jsonp bool) bool {
	if all == nil {
		return true
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 && jsonp {
		origins = []string{refererOrigin(r)}
	}
	return !slices.ContainsFunc(origins, func(o string) bool { return !all.contain(o) })
}

// refererOrigin returns the origin in the header Referer.
func refererOrigin(r *http.Request) string {
	scheme, rest, _ := strings.Cut(r.Referer(), "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func (all Origins) contain(header string) bool {
	o, ok := parseOrigin(header)
	return ok && o.scheme != "*" && slices.ContainsFunc(all, func(a origin) bool {
		return (a.scheme == "*" || a.scheme == o.scheme) && (a.host == "*" || a.host == o.host) && (a.port == "*" || a.port == o.port)
	})
}

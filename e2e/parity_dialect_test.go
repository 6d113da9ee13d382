//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// A dialect is a revision of the protocols: whom we are compared with in it, and how exchanges say in it what they
// say in every revision.
type dialect struct {
	eio      string // in the targets of requests
	original func(*testing.T, *redisServer) node
	unheard  map[string]string // headers that are not compared, beside those of everywhere, each with its reason
	wanted   []difference

	// A packet that has an answer whatever the session's state, and that answer. (In revision 4 a ping has none: the
	// server asks, the client answers.)
	ask, sign string
}

// A difference that we mean, and where it shows.
type difference struct {
	reason    string
	exchanges []string
}

var revision3 = dialect{eio: "3", original: startSeed, wanted: wanted, ask: "2", sign: "3"}

// wantedNames is the reason for each wanted difference.
func (d *dialect) wantedNames() map[string]string {
	names := map[string]string{}
	for _, w := range d.wanted {
		for _, name := range w.exchanges {
			names[name] = w.reason
		}
	}
	return names
}

// askBody is a POST that asks for a sign of life. The session "a&j=0" is one of JSONP.
func (d *dialect) askBody(session string) string {
	payload := d.ask
	if d.eio == "3" {
		payload = elements(d.ask)
	}
	if strings.Contains(session, "&j=") {
		return "\n\nd=" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(payload)
	}
	return "\n\n" + payload
}

// signIn tells whether the answer to a poll holds the sign of life.
func (d *dialect) signIn(body string) bool {
	if d.eio == "3" {
		return strings.Contains(body, "1:3") || strings.Contains(body, "\x00\x01\xff3")
	}
	return strings.Contains(strings.ReplaceAll(body, `\"`, `"`), d.sign)
}

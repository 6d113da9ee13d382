//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A refusal is what a client of a version that is not served gets.
type refusal struct {
	Code    int
	Message string
}

// knocks asks for a session as clients of a revision do.
func knocks(t *testing.T, n node, eio string) (int, refusal) {
	t.Helper()
	res, err := http.Get(n.url() + "/socket.io/?EIO=" + eio + "&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var r refusal
	if res.StatusCode == http.StatusOK {
		return res.StatusCode, r
	}
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("EIO=%s is refused as %s, want application/json", eio, got)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Errorf("EIO=%s is refused with %q: %v", eio, body, err)
	}
	return res.StatusCode, r
}

// A client of a version that the operator has shut out is told which it is and which are served, and so is the log: in
// one line, however often the client comes back, with where it came from and what to change.
func TestMismatchIsSpoken(t *testing.T) {
	needsTsunagu(t)
	for _, c := range []struct {
		serves, eio, client string
		served, seen        []string // the major versions that the words name
	}{
		{serves: "2", eio: "4", client: "4.8.4", served: []string{"2"}, seen: []string{"4"}},
		{serves: "2", eio: "4", client: "3.1.3", served: []string{"2"}, seen: []string{"3"}},
		{serves: "4", eio: "3", client: "2.1.1", served: []string{"4"}, seen: []string{"2"}},
		{serves: "4", eio: "3", client: "1.7.4", served: []string{"4"}, seen: []string{"1"}},
	} {
		t.Run(c.client+" where -clients "+c.serves, func(t *testing.T) {
			n := startTsunagu(t, 1, "-redis", startRedis(t).url(), "-clients", c.serves)[0]
			status, r := knocks(t, n, c.eio)
			if status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", status)
			}
			for _, major := range append(c.served, c.seen...) {
				if !strings.Contains(r.Message, major+".x") {
					t.Errorf("the client is told %q, which does not name %s.x", r.Message, major)
				}
			}
			hall := startHall(t)
			hall.enter(t, c.client, n, "websocket").refused(t)
			words := hall.enter(t, c.client, n, "polling").refused(t)
			if c.client == "4.8.4" && !strings.Contains(words, r.Message) {
				t.Errorf("the client shows %q, which lacks %q", words, r.Message)
			}
			for range 20 {
				knocks(t, n, c.eio)
			}
			saysOnce(t, n, "remote=127.0.0.1:", "EIO="+c.eio, "change=", c.served[0]+".x", c.seen[0]+".x")
			// Those that are served are not bothered.
			hall.join(t, map[string]string{"2": "2.1.1", "4": "4.8.4"}[c.serves], n, "polling", "websocket").stayed(t)
		})
	}
}

// refused waits until the client tells that it is not let in, and returns its words.
func (c *client) refused(t *testing.T) (words string) {
	t.Helper()
	eventually(t, patience, func() string {
		for _, e := range c.hall.events(t) {
			if e.Who == c.name && e.Event == "connect_error" {
				words = e.Value
				return ""
			}
		}
		return c.name + " was not refused"
	})
	return words
}

// saysOnce wants one line about a refusal in the log, with all these words in it.
func saysOnce(t *testing.T, n node, words ...string) {
	t.Helper()
	var about []string
	for line := range strings.Lines(n.proc.errout.String()) {
		if strings.Contains(line, "refused") {
			about = append(about, line)
		}
	}
	if len(about) != 1 {
		t.Fatalf("the log has %d lines about refused clients, want one: %q", len(about), about)
	}
	for _, word := range words {
		if !strings.Contains(about[0], word) {
			t.Errorf("the log says %q, which lacks %q", about[0], word)
		}
	}
}

// Nobody knows a revision above 4, whoever is served.
func TestUnknownRevisionIsRefused(t *testing.T) {
	needsTsunagu(t)
	for _, args := range [][]string{nil, {"-clients", "2"}, {"-clients", "4"}, {"-clients", "2,4"}} {
		n := startTsunagu(t, 1, append([]string{"-redis", startRedis(t).url()}, args...)...)[0]
		for _, eio := range []string{"5", "6", "99999999999999999999"} {
			if status, r := knocks(t, n, eio); status != http.StatusBadRequest || r != (refusal{5, "Unsupported protocol version"}) {
				t.Errorf("%q: EIO=%s gets %d %+v", args, eio, status, r)
			}
		}
	}
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// A refusal is what a client of a version that is not served gets.
type refusal struct {
	Code    int
	Message string
}

// requestSession requests a session as clients with this revision of Engine.IO do.
func requestSession(t *testing.T, n node, eio string) (status int, r refusal) {
	t.Helper()
	res, err := http.Get(n.url() + "/socket.io/?EIO=" + eio + "&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return res.StatusCode, r
	}
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("EIO=%s is refused as %s, want application/json", eio, got)
	}
	if err := json.NewDecoder(res.Body).Decode(&r); err != nil {
		t.Errorf("EIO=%s is refused without JSON: %v", eio, err)
	}
	return res.StatusCode, r
}

// The answer to a client of a version that is not served names that version and those that are served. The log says so
// once, however often clients try, with the address of the client and the flag to change.
func TestRefusedVersions(t *testing.T) {
	needsTsunagu(t)
	for _, c := range []struct{ serves, eio, client, servedClient string }{
		{serves: "2", eio: "4", client: "4.8.4", servedClient: "2.1.1"},
		{serves: "2", eio: "4", client: "3.1.3", servedClient: "2.1.1"},
		{serves: "4", eio: "3", client: "2.1.1", servedClient: "4.8.4"},
		{serves: "4", eio: "3", client: "1.7.4", servedClient: "4.8.4"},
	} {
		t.Run(c.client+" where -clients "+c.serves, func(t *testing.T) {
			served, refused := c.serves+".x", c.client[:1]+".x"
			n := startTsunagu(t, 1, "-redis", startRedis(t).url(), "-clients", c.serves)[0]
			status, r := requestSession(t, n, c.eio)
			if status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", status)
			}
			if !strings.Contains(r.Message, served) || !strings.Contains(r.Message, refused) {
				t.Errorf("the answer is %q, which does not name %s and %s", r.Message, served, refused)
			}
			host := startClientHost(t)
			host.open(t, c.client, n, "websocket").awaits(t, "connect_error", "")
			polling := host.open(t, c.client, n, "polling")
			polling.awaits(t, "connect_error", "")
			if shown := polling.events(t, "connect_error")[0]; c.client == "4.8.4" && !strings.Contains(shown, r.Message) {
				t.Errorf("the client shows %q, which lacks %q", shown, r.Message)
			}
			for range 20 {
				requestSession(t, n, c.eio)
			}
			logsOnce(t, n, "remote=127.0.0.1:", "EIO="+c.eio, "change=", served, refused)
			// Clients of the other versions connect.
			host.connect(t, c.servedClient, n, "polling", "websocket").stayedConnected(t)
		})
	}
}

// logsOnce wants one log line about a refusal, with all these words in it.
func logsOnce(t *testing.T, n node, words ...string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(n.proc.errout.String()) {
		if strings.Contains(line, "refused") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 {
		t.Fatalf("the log has %d lines about refused clients, want one: %q", len(lines), lines)
	}
	for _, word := range words {
		if !strings.Contains(lines[0], word) {
			t.Errorf("the log says %q, which lacks %q", lines[0], word)
		}
	}
}

// A revision above 4 is refused, whichever versions are served.
func TestUnknownRevisionIsRefused(t *testing.T) {
	needsTsunagu(t)
	for _, args := range [][]string{nil, {"-clients", "2"}, {"-clients", "4"}, {"-clients", "2,4"}} {
		n := startTsunagu(t, 1, append([]string{"-redis", startRedis(t).url()}, args...)...)[0]
		for _, eio := range []string{"5", "6", "99999999999999999999"} {
			if status, r := requestSession(t, n, eio); status != http.StatusBadRequest || r != (refusal{5, "Unsupported protocol version"}) {
				t.Errorf("%q: EIO=%s gets %d %+v", args, eio, status, r)
			}
		}
	}
}

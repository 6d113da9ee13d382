//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A dialect is what one generation of clients speaks, with the Node server that defines it.
type dialect struct {
	version string // of socket.io, as the corpus names it
	eio     string // the revision of Engine.IO
	page    string // lists the accepted differences
	start   func(*testing.T, *redisServer) node

	// The server answers ping with pong whatever the state of the session. Clients of revision 4 send no pings, so
	// they connect to a namespace that does not exist.
	ping, pong string
}

var dialects = []*dialect{
	{"2.1.1", "3", "../docs/differences.md", startSeed, "2", "3"},
	{"4.8", "4", "../docs/differences-4.md", startSeed4, "40/alive", `44/alive,{"message":"Invalid namespace"}`},
}

// A result is what a client saw in one exchange with each server.
type result struct {
	original, ours record
}

// TestParity plays every exchange of the corpus with the original server and with ours. Both have to answer alike,
// except where the documents list the difference.
//
// With E2E_TARGET=seed the original is compared with itself: this shows which exchanges depend on chance.
func TestParity(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.version, func(t *testing.T) {
			exchanges, differences := readCorpus(t, d.version), readDifferences(t, d.version)
			checkNames(t, exchanges, differences)
			var results map[string]result
			// In a test of its own, so that the servers' output is shown only if one of them fails.
			if !t.Run("playing", func(t *testing.T) { results = startServers(t, d).playAll(t, exchanges, differences) }) {
				return
			}
			for _, e := range exchanges {
				t.Run(e.name, func(t *testing.T) { judgeExchange(t, differences[e.name], results[e.name]) })
			}
			t.Logf("%d exchanges, %d accepted differences", len(exchanges), len(differences))
		})
	}
}

// judgeExchange fails on a difference without a reason, and on a reason without a difference.
func judgeExchange(t *testing.T, reason string, r result) {
	accepted := reason != "" && !againstSeed
	difference := r.difference()
	switch {
	case r.original.inconclusive != "" && r.ours.inconclusive != "":
		t.Errorf("the exchange shows nothing: %s", r.original.inconclusive)
	case difference != "" && !accepted:
		t.Errorf("the original (-) and ours (+) differ:\n%s", difference)
	case difference == "" && accepted:
		t.Errorf("both servers answer alike, but a difference is listed: %s", reason)
	}
}

// checkNames wants the names of exchanges to be unique, and each listed difference to name an exchange.
func checkNames(t *testing.T, exchanges []exchange, differences map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range exchanges {
		if seen[e.name] {
			t.Errorf("two exchanges are called %q", e.name)
		}
		seen[e.name] = true
	}
	for name := range differences {
		if !seen[name] {
			t.Errorf("a difference is listed for %q, which is no exchange", name)
		}
	}
}

// difference shows the lines that differ, and the last line before them that begins an answer.
func (r result) difference() string {
	a, b := r.original.lines, r.ours.lines
	if slices.Equal(a, b) {
		return ""
	}
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	context := head
	for context > 0 && (context == head || strings.HasPrefix(a[context], " ")) {
		context--
	}
	var out strings.Builder
	show := func(mark string, lines []string) {
		for _, line := range lines {
			fmt.Fprintf(&out, "  %s %s\n", mark, line)
		}
	}
	show(" ", a[context:head])
	show("-", a[head:len(a)-tail])
	show("+", b[head:len(b)-tail])
	return out.String()
}

// inParallel calls do for each exchange, n at a time.
func inParallel(exchanges []exchange, n int, do func(exchange)) {
	work := make(chan exchange)
	var workers sync.WaitGroup
	for range min(n, len(exchanges)) {
		workers.Go(func() {
			for e := range work {
				do(e)
			}
		})
	}
	for _, e := range exchanges {
		work <- e
	}
	close(work)
	workers.Wait()
}

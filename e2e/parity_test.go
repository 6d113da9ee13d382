//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An exchange is one conversation over raw connections, played once with the original and once with ours. What
// the two answer has to be the same.
type exchange struct {
	name  string
	steps []step
	ground
}

// A ground is where an exchange can be played: chat lines reach everybody, and some packets end the original.
type ground int

const (
	quiet  ground = iota // says nothing in the chat: many at once
	slow                 // the same, but waits for a timer: all at once, from the start
	chatty               // hears chat lines: one after the other
	deadly               // may end the original: alone, with a new process after each death
)

// A verdict is what came of an exchange.
type verdict struct {
	theirs, ours record
}

// A chapter of a corpus.
type chapter struct {
	name      string
	exchanges []exchange
}

// corpus is all of it, chapter by chapter.
func corpus() []exchange {
	return inChapters([]chapter{
		{"handshake", handshakes()},
		{"methods and paths", requests()},
		{"static", staticFiles()},
		{"client file", clientFiles()},
		{"payload", payloads()},
		{"polling", pollingExchanges()},
		{"compression", compressions()},
		{"packet", packets()},
		{"namespace", namespaces()},
		{"websocket", websockets()},
		{"websocket handshake", websocketHandshakes()},
		{"upgrade", upgrades()},
		{"timers", timers()},
		{"argument", chatArguments()},
		{"event", chatEvents()},
		{"line from Redis", redisLines()},
	})
}

func inChapters(chapters []chapter) []exchange {
	var all []exchange
	for _, chapter := range chapters {
		for _, e := range chapter.exchanges {
			e.name = chapter.name + ": " + e.name
			all = append(all, e)
		}
	}
	return all
}

// The original and ours say the same, but where we differ on purpose: see wanted.
//
// With E2E_TARGET=seed the original is compared with itself, which shows what in the corpus is left to chance.
func TestParity(t *testing.T) { compare(t, &revision3, corpus()) }

func compare(t *testing.T, d *dialect, all []exchange) {
	t.Helper()
	checkNames(t, d, all)
	var results map[string]verdict
	// In a test of its own, so that the servers' last words are shown only where one of them is to blame.
	if !t.Run("playing", func(t *testing.T) { results = newStage(t, d).playAll(t, all) }) {
		return
	}
	wanted, differ := d.wantedNames(), 0
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			if !judgeExchange(t, wanted[e.name], results[e.name]) {
				differ++
			}
		})
	}
	t.Logf("%d exchanges, %d of them wanted differences, %d other differences", len(all), len(wanted), differ)
}

// judgeExchange is told the reason for which a difference is wanted, if one is.
func judgeExchange(t *testing.T, reason string, v verdict) (same bool) {
	listed := reason != "" && !againstSeed
	difference := v.difference()
	switch {
	case v.theirs.bad != "" && v.ours.bad != "":
		t.Errorf("nothing is learned from this exchange: %s", v.theirs.bad)
	case difference != "" && !listed:
		t.Errorf("the original (-) and ours (+) differ:\n%s", difference)
		return false
	case difference == "" && listed:
		t.Errorf("listed as a wanted difference, but there is none (any more): %s", reason)
	}
	return true
}

func checkNames(t *testing.T, d *dialect, all []exchange) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range all {
		if seen[e.name] {
			t.Errorf("two exchanges are called %q", e.name)
		}
		seen[e.name] = true
	}
	for name := range d.wantedNames() {
		if !seen[name] {
			t.Errorf("a wanted difference is listed for %q, which is no exchange", name)
		}
	}
}

// difference shows what differs, with the last common request before it.
func (v verdict) difference() string {
	a, b := v.theirs.lines, v.ours.lines
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
	var out strings.Builder
	context := head
	for context > 0 && (context == head || strings.HasPrefix(a[context], " ")) {
		context--
	}
	for _, line := range a[context:head] {
		fmt.Fprintf(&out, "    %s\n", line)
	}
	for _, line := range a[head : len(a)-tail] {
		fmt.Fprintf(&out, "  - %s\n", line)
	}
	for _, line := range b[head : len(b)-tail] {
		fmt.Fprintf(&out, "  + %s\n", line)
	}
	return out.String()
}

// inParallel does the exchanges, n at a time.
func inParallel(all []exchange, n int, do func(exchange)) {
	work := make(chan exchange)
	var workers sync.WaitGroup
	for range min(n, len(all)) {
		workers.Go(func() {
			for e := range work {
				do(e)
			}
		})
	}
	for _, e := range all {
		work <- e
	}
	close(work)
	workers.Wait()
}

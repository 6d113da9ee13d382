//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"testing"

	"tsunagu/e2e/notation"
)

// An exchange is what a client does over raw connections, and what it looks at. Files in testdata/exchanges hold all
// of them; the README there describes the notation.
type exchange struct {
	name  string // chapter and title
	steps []step
	mode
}

// A mode says what may happen beside an exchange.
type mode string

const (
	parallel mode = ""         // publishes nothing: beside others
	timed    mode = "timed"    // the same, and waits for a timer: all of them from the start
	serially mode = "serially" // hears what is published: one after the other
	alone    mode = "alone"    // may end the original's process: one after the other, on servers of their own
)

// readCorpus reads the exchanges of one version of socket.io.
func readCorpus(t *testing.T, version string) []exchange {
	t.Helper()
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	var exchanges []exchange
	for _, file := range files {
		read, err := notation.Read(readText(t, file), version)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, r := range read {
			e := exchange{name: r.Name, mode: mode(r.Mode)}
			if !slices.Contains([]mode{parallel, timed, serially, alone}, e.mode) {
				t.Fatalf("%s: %q: there is no mode %q", file, e.name, e.mode)
			}
			for _, text := range r.Steps {
				step, err := parseStep(text)
				if err != nil {
					t.Fatalf("%s: %q: %v", file, e.name, err)
				}
				e.steps = append(e.steps, step)
			}
			exchanges = append(exchanges, e)
		}
	}
	return exchanges
}

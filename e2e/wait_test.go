//go:build e2e

package e2e

import (
	"testing"
	"time"
)

// patience is how long a condition that takes a moment may take on a busy machine.
const patience = 20 * time.Second

// eventually asks missing until it has nothing left to say, and fails with its last words.
func eventually(t *testing.T, within time.Duration, missing func() string) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		said := missing()
		if said == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %v: %s", within, said)
		}
	}
}

//go:build e2e

package e2e

import (
	"testing"
	"time"
)

// waitLimit is how long a condition may take on a busy machine.
const waitLimit = 20 * time.Second

// eventually calls missing until it returns "", and fails with its last answer.
func eventually(t *testing.T, within time.Duration, missing func() string) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		complaint := missing()
		if complaint == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after %v: %s", within, complaint)
		}
	}
}

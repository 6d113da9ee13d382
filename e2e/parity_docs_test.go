//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
)

// The table in docs/ is the one that the differential test knows.
func TestParityTable(t *testing.T) {
	text, err := os.ReadFile("../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wanted {
		if !strings.Contains(strings.ToLower(string(text)), "| "+strings.ToLower(w.reason)+" | `"+strings.ToLower(w.exchanges[0])) {
			t.Errorf("docs/differences.md does not say, with %q as an example: %s", w.exchanges[0], w.reason)
		}
	}
	for name, reason := range everywhere {
		if !strings.Contains(string(text), "| `"+name+"` | "+reason+" |") {
			t.Errorf("docs/differences.md does not say that %s is not compared: %s", name, reason)
		}
	}
}

//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
)

// The table in docs/ is the one that the differential test knows.
func TestParityTable(t *testing.T) { saysDifferences(t, "../docs/differences.md", wanted, everywhere) }

// saysDifferences wants a page to hold these differences and headers, in its tables.
func saysDifferences(t *testing.T, page string, differences []difference, headers map[string]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range differences {
		if !strings.Contains(strings.ToLower(string(text)), "| "+strings.ToLower(w.reason)+" | `"+strings.ToLower(w.exchanges[0])) {
			t.Errorf("%s does not say, with %q as an example: %s", page, w.exchanges[0], w.reason)
		}
	}
	for name, reason := range headers {
		if !strings.Contains(string(text), "| `"+name+"` | "+reason+" |") {
			t.Errorf("%s does not say that %s is not compared: %s", page, name, reason)
		}
	}
}

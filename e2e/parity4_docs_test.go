//go:build e2e

package e2e

import "testing"

// The table of 4.x in docs/ is the one that the differential test knows.
func TestParity4Table(t *testing.T) {
	saysDifferences(t, "../docs/differences-4.md", wanted4, unheard4)
}

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Where a header is not compared.
const (
	everywhere     = "everywhere"
	inMostChapters = "in most chapters"
)

var headerRow = regexp.MustCompile("(?m)^\\| `([A-Za-z-]+)` \\| .+ \\|$")

// uncomparedHeaders are those that the documents list: docs/differences.md for both dialects, the page of 4.8 for all
// chapters but one.
func uncomparedHeaders(t *testing.T, d *dialect) map[string]string {
	t.Helper()
	headers := map[string]string{}
	note := func(page, where string) {
		for _, m := range headerRow.FindAllStringSubmatch(readText(t, page), -1) {
			headers[m[1]] = where
		}
	}
	note(d.page, inMostChapters)
	note(dialects[0].page, everywhere)
	return headers
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A difference that we accept, with the exchanges that show it.
type difference struct {
	reason    string
	exchanges []string
}

// acceptedDifferences reads testdata/differences.txt: for each version the reasons, and below each the exchanges.
func acceptedDifferences(t *testing.T, version string) []difference {
	t.Helper()
	var differences []difference
	current := ""
	for line := range strings.Lines(readText(t, "testdata/differences.txt")) {
		line = strings.TrimRight(line, "\n")
		switch name, isVersion := strings.CutPrefix(line, "== "); {
		case isVersion:
			current = name
		case line == "" || line[0] == '#' || current != version:
		case line[0] == '\t':
			last := &differences[len(differences)-1]
			last.exchanges = append(last.exchanges, line[1:])
		default:
			differences = append(differences, difference{reason: line})
		}
	}
	return differences
}

// readDifferences is the reason for each difference by the exchange's name.
func readDifferences(t *testing.T, version string) map[string]string {
	t.Helper()
	reasons := map[string]string{}
	for _, d := range acceptedDifferences(t, version) {
		for _, name := range d.exchanges {
			reasons[name] = d.reason
		}
	}
	return reasons
}

// The documents show the same table, with at most three exchanges in a row.
func TestDifferencesAreDocumented(t *testing.T) {
	for _, d := range dialects {
		text, rows := readText(t, d.page), 0
		for _, difference := range acceptedDifferences(t, d.version) {
			shown := difference.exchanges[:min(3, len(difference.exchanges))]
			row := "| " + difference.reason + " | `" + strings.Join(shown, "`, `") + "`"
			if more := len(difference.exchanges) - len(shown); more > 0 {
				row += fmt.Sprintf(" and %d more", more)
			}
			if rows++; !strings.Contains(text, "\n"+row+" |\n") {
				t.Errorf("%s lacks the row\n%s |", d.page, row)
			}
		}
		if got := len(regexp.MustCompile("(?m)^\\| .*` ?(and \\d+ more )?\\|$").FindAllString(text, -1)); got != rows {
			t.Errorf("%s has %d rows about differences, want %d", d.page, got, rows)
		}
	}
}

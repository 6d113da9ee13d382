//go:build e2e

package e2e

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
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

// A section of a file is a list of exchanges of one chapter that have the same form.
type section struct {
	chapter  string
	versions []string
	mode     mode
	forms    []form
}

// A form is the steps of an exchange, with "..." and "$name" in place of a row's text and title.
type form struct {
	version string // "" for all
	suffix  string // of the exchange's name
	text    string
}

// readCorpus reads the exchanges of one version of socket.io.
func readCorpus(t *testing.T, version string) []exchange {
	t.Helper()
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	var exchanges []exchange
	for _, file := range files {
		var s section
		for _, line := range logicalLines(readText(t, file)) {
			title, steps, isRow := strings.Cut(line, " ::")
			switch {
			case !isRow:
				if !s.directive(line) {
					t.Fatalf("%s: %q is neither a directive nor an exchange", file, line)
				}
			case s.versions == nil || slices.Contains(s.versions, version):
				more, err := s.row(strings.TrimSpace(title), strings.TrimSpace(steps), version)
				if err != nil {
					t.Fatalf("%s: %q: %v", file, title, err)
				}
				exchanges = append(exchanges, more...)
			}
		}
	}
	return exchanges
}

// logicalLines drops comments and empty lines. A line that begins with a tab holds more steps of the line before.
func logicalLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t':
			last := &lines[len(lines)-1]
			if !strings.HasSuffix(*last, "::") {
				*last += " |"
			}
			*last += " " + strings.TrimSpace(line)
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

// directive reads a line that is about the exchanges below it.
func (s *section) directive(line string) bool {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "chapter":
		*s = section{chapter: rest}
	case word == "for":
		s.versions = strings.Fields(rest)
	case word == "run":
		s.mode = mode(rest)
		return slices.Contains([]mode{timed, serially, alone}, s.mode)
	case strings.HasPrefix(line, "each"):
		m := eachLine.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		s.forms = append(s.forms, form{m[1], m[2], m[3]})
	default:
		return false
	}
	return true
}

var eachLine = regexp.MustCompile(`^each(?: for (\S+?))?(, .*?)?: (.*)$`)

// row makes an exchange of each form.
func (s *section) row(title, text, version string) (exchanges []exchange, err error) {
	forms := s.forms
	if forms == nil {
		forms = []form{{text: "..."}}
	}
	for _, f := range forms {
		if f.version != "" && f.version != version {
			continue
		}
		e := exchange{name: s.chapter + ": " + title + f.suffix, mode: s.mode}
		steps := strings.Replace(strings.ReplaceAll(f.text, "$name", title), "...", text, 1)
		for text := range strings.SplitSeq(steps, " | ") {
			step, err := parseStep(strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
			e.steps = append(e.steps, step)
		}
		exchanges = append(exchanges, e)
	}
	return exchanges, nil
}

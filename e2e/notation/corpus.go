package notation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An Exchange is the steps of one client, as they are written.
type Exchange struct {
	Name  string   // chapter and title
	Mode  string   // of its section: what follows "run"
	Steps []string // without the bars between them
}

// A section of a file is a list of exchanges of one chapter that have the same form.
type section struct {
	chapter  string
	versions []string
	mode     string
	forms    []form
}

// A form is the steps of an exchange, with "..." and "$name" in place of a row's text and title.
type form struct {
	version string // "" for all
	suffix  string // of the exchange's name
	text    string
}

// Read returns the exchanges of a file that are for one version. It returns an error for a line that is
// neither a directive nor an exchange.
func Read(text, version string) ([]Exchange, error) {
	var s section
	var exchanges []Exchange
	for _, line := range logicalLines(text) {
		title, steps, isRow := strings.Cut(line, " ::")
		switch {
		case !isRow:
			if !s.directive(line) {
				return nil, fmt.Errorf("%q is neither a directive nor an exchange", line)
			}
		case s.versions == nil || slices.Contains(s.versions, version):
			exchanges = append(exchanges, s.row(strings.TrimSpace(title), strings.TrimSpace(steps), version)...)
		}
	}
	return exchanges, nil
}

// logicalLines drops comments and empty lines. A line that begins with a tab holds more steps of the line
// before.
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
		s.mode = rest
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
func (s *section) row(title, text, version string) (exchanges []Exchange) {
	forms := s.forms
	if forms == nil {
		forms = []form{{text: "..."}}
	}
	for _, f := range forms {
		if f.version != "" && f.version != version {
			continue
		}
		e := Exchange{Name: s.chapter + ": " + title + f.suffix, Mode: s.mode}
		steps := strings.Replace(strings.ReplaceAll(f.text, "$name", title), "...", text, 1)
		for step := range strings.SplitSeq(steps, " | ") {
			e.Steps = append(e.Steps, strings.TrimSpace(step))
		}
		exchanges = append(exchanges, e)
	}
	return exchanges
}

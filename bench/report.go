package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// report prints the tables and writes the files that the flags name. It does not write the figures of the first screen
// from a run with failures or one that measured less than everything.
func report(o options, r results) error {
	tables := r.caption() + "\n" + r.table() + "\n" + r.verdicts()
	fmt.Println(tables)
	errs := r.failures()
	for _, d := range r.doubts() {
		fmt.Fprintln(os.Stderr, "bench: doubtful:", d)
	}
	if o.markdown != "" {
		errs = append(errs, os.WriteFile(o.markdown, []byte("# What the bench has measured\n\n"+tables), 0o644))
	}
	if o.svg != "" {
		errs = append(errs, os.WriteFile(o.svg, r.chart().svg(), 0o644))
	}
	if len(o.readme) > 0 {
		err := r.complete()
		for _, file := range o.readme {
			if err == nil {
				err = r.intoReadme(file)
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// complete is nil for a full run without failures.
func (r results) complete() error {
	if r.Short || r.Trial || len(r.failures()) > 0 {
		return errors.New("the README takes its figures from a full run without failures")
	}
	for _, row := range fullRows {
		want := row.rounds
		if want == 0 {
			want = 5
		}
		for _, server := range row.servers {
			key := "memory"
			switch {
			case row.bystanders > 0:
				key = "back"
			case row.rate > 0:
				key = "p50" // the few messages of a pair can take less CPU than the kernel's clock shows
			}
			if n := r.spread(row.name, server, key).n; n < want {
				return fmt.Errorf("the README takes its figures from a full run: row %s has %d of %d rounds of %s", row.name, n, want, server)
			}
		}
	}
	return nil
}

const (
	markBegin = "<!-- bench: begin -->"
	markEnd   = "<!-- bench: end -->"
)

// The text between the markers of README.md and of README.ja.md.
//
//go:embed README.md.tmpl README.ja.md.tmpl
var templates embed.FS

// intoReadme puts the figures of the first screen between the markers of a file.
func (r results) intoReadme(file string) error {
	text, err := r.firstScreen(filepath.Base(file))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok1 := bytes.Cut(b, []byte(markBegin))
	_, foot, ok2 := bytes.Cut(rest, []byte(markEnd))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no %s and %s", file, markBegin, markEnd)
	}
	return os.WriteFile(file, fmt.Appendf(nil, "%s%s\n%s%s%s", head, markBegin, text, markEnd, foot), 0o644)
}

// firstScreen fills in the template of one README.
func (r results) firstScreen(name string) (string, error) {
	t, err := template.New(name+".tmpl").Funcs(template.FuncMap{
		"figure": func(row, server, key string) string {
			return figure(r.spread(row, server, key).median, metricOf(key).unit)
		},
		"ratio":   func(row, server, key string) string { return times(r.ratio(row, server, node2, key)) },
		"value":   func(row, server, key string) float64 { return r.spread(row, server, key).median },
		"machine": func() string { return r.Machine },
	}).ParseFS(templates, name+".tmpl")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, nil)
	return out.String(), err
}

// caption explains the tables.
func (r results) caption() string {
	most := 0
	for _, s := range r.Samples {
		most = max(most, s.Round+1)
	}
	kind := ""
	if r.Short {
		kind = "A short run. "
	}
	if r.Trial {
		kind = "A trial with fewer clients than the rows say. "
	}
	return fmt.Sprintf("%sMedians of up to %d interleaved rounds (lowest–highest); × is the median of the ratios to Node with socket.io 2.1.1 "+
		"within each round. Missing messages were not delivered within 5 s after the last one. \"go-socket.io alone\" is the chat as one would "+
		"write it with that library, its own broadcast and go-redis. %s.\n", kind, most, r.Machine)
}

// table has one line for every row and metric, one column for every server.
func (r results) table() string {
	header := []string{""}
	for _, s := range servers {
		header = append(header, s.title)
	}
	var lines [][]string
	for _, row := range fullRows {
		for _, m := range metrics {
			if m.key == "faults" { // among the verdicts
				continue
			}
			line, any := []string{row.title + ": " + m.name}, ""
			for _, s := range servers {
				cell := r.cell(row.name, s.name, m)
				line, any = append(line, cell), any+cell
			}
			if any != "" {
				lines = append(lines, line)
			}
		}
	}
	return grid(header, lines)
}

// verdicts says which goals are reached.
func (r results) verdicts() string {
	var lines [][]string
	for _, g := range goals {
		lines = append(lines, r.judge(g).cells())
	}
	return grid([]string{"goal", "must", "aim", "measured", "must reached", "aim reached"}, lines)
}

// grid is a table in Markdown.
func grid(header []string, lines [][]string) string {
	var b strings.Builder
	write := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	write(header)
	b.WriteString("|" + strings.Repeat("---|", len(header)) + "\n")
	for _, l := range lines {
		write(l)
	}
	return b.String()
}

func (r results) cell(row, server string, m metric) string {
	s := r.spread(row, server, m.key)
	if s.n == 0 {
		return ""
	}
	text := ranged(s, m.unit) + r.missing(row, server, m.key)
	if ratio := r.ratio(row, server, node2, m.key); m.compared && server != node2 && ratio.n > 0 {
		text += ", " + times(ratio)
	}
	return text
}

// missing stands beside a delay where messages are missing: then the delay is a lower bound.
func (r results) missing(row, server, key string) string {
	share := r.spread(row, server, "undelivered").median
	if share == 0 || key != "p50" && key != "p99" && key != "max" {
		return ""
	}
	return fmt.Sprintf(", %.2g %% missing", share)
}

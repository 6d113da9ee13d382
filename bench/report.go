package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	markBegin = "<!-- bench: begin -->"
	markEnd   = "<!-- bench: end -->"
)

// report prints everything and writes the files that were asked for. A run with a failure in it, or one that has taken
// less than the full table, does not reach the README.
func report(o options, r results) error {
	long := r.long() + "\n" + r.verdicts()
	fmt.Println(long)
	errs := []error{}
	for _, f := range r.failures() {
		errs = append(errs, fmt.Errorf("%s, %s, round %d: %s", f.Row, f.Server, f.Round+1, f.Failed))
	}
	for _, w := range r.doubts() {
		fmt.Fprintln(os.Stderr, "bench: doubtful:", w)
	}
	if o.markdown != "" {
		errs = append(errs, os.WriteFile(o.markdown, []byte("# What the bench has measured\n\n"+long), 0o644))
	}
	if o.svg != "" {
		errs = append(errs, os.WriteFile(o.svg, r.chart().SVG(), 0o644))
	}
	if o.readme != "" {
		err := r.fitForReadme()
		if err == nil {
			err = intoFile(o.readme, r.table()+"\n"+r.verdicts())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r results) fitForReadme() error {
	if r.Short || r.Trial || len(r.failures()) > 0 {
		return errors.New("the README takes its figures from a whole run without failures")
	}
	for _, g := range goals {
		if n := r.spread(g.row, ours, g.key).N; n < 5 || g.peer != "" && r.ratio(g.row, ours, g.peer, g.key).N < 5 {
			return fmt.Errorf("the README needs five rounds of everything: row %s has %d", g.row, n)
		}
	}
	return nil
}

// intoFile puts the text between the markers.
func intoFile(file, text string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok1 := bytes.Cut(b, []byte(markBegin))
	_, foot, ok2 := bytes.Cut(rest, []byte(markEnd))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no %s and %s", file, markBegin, markEnd)
	}
	out := fmt.Appendf(nil, "%s%s\n%s%s%s", head, markBegin, text, markEnd, foot)
	return os.WriteFile(file, out, 0o644)
}

// caption says what stands in the tables.
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
	return fmt.Sprintf("%sMedians of %d interleaved rounds (lowest–highest); × is the median of the ratios to Node with socket.io 2.1.1 "+
		"within each round; missing lines were not delivered within 5 s after the last. %s.\n", kind, most, r.Machine)
}

// table is for the README: for every row what counts there, beside each other.
func (r results) table() string {
	return r.caption() + "\n" + r.grid([][2]string{
		{"sparse", "cpu"}, {"sparse", "p50"}, {"dense", "cpu"}, {"dense", "p50"}, {"400", "p50"},
		{"1000", "p99"}, {"pair", "p50"}, {"idle", "memory"}, {"idle", "accept"},
	})
}

// long is everything.
func (r results) long() string {
	var lines [][2]string
	for _, row := range fullRows {
		for _, key := range []string{"cpu", "rate", "p50", "p99", "max", "undelivered", "redis", "load", "late", "memory", "accept", "acceptcpu", "acceptload"} {
			lines = append(lines, [2]string{row.name, key})
		}
	}
	return r.caption() + "\n" + r.grid(lines)
}

// grid is a table with one line for every row and metric, one column for every server.
func (r results) grid(lines [][2]string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, s := range servers {
		fmt.Fprintf(&b, " %s |", s.title)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(servers)) + "\n")
	for _, l := range lines {
		cells, any := "", false
		for _, s := range servers {
			c := r.cell(l[0], s.name, l[1])
			any = any || c != ""
			cells += " " + c + " |"
		}
		if any {
			fmt.Fprintf(&b, "| %s: %s |%s\n", title(l[0]), metrics[l[1]].name, cells)
		}
	}
	return b.String()
}

func (r results) cell(row, server, key string) string {
	s := r.spread(row, server, key)
	if s.N == 0 {
		return ""
	}
	text := ranged(s, metrics[key].unit) + r.missing(row, server, key)
	compared := map[string]bool{"cpu": true, "p50": true, "p99": true, "memory": true, "accept": true}
	if ratio := r.ratio(row, server, node2, key); compared[key] && server != node2 && ratio.N > 0 {
		text += ", " + times(ratio)
	}
	return text
}

// missing goes beside a delay where not all lines came: then it is a lower bound.
func (r results) missing(row, server, key string) string {
	share := r.spread(row, server, "undelivered").Median
	if share == 0 || key != "p50" && key != "p99" && key != "max" {
		return ""
	}
	return fmt.Sprintf(", %.2g %% missing", share)
}

func title(name string) string {
	for _, r := range fullRows {
		if r.name == name {
			return r.title
		}
	}
	return name
}

// verdicts says which goals are reached.
func (r results) verdicts() string {
	var b strings.Builder
	b.WriteString("| goal | must | aim | measured | must reached | aim reached |\n|---|---|---|---|---|---|\n")
	for _, g := range goals {
		v := r.judge(g)
		if !v.measured {
			fmt.Fprintf(&b, "| %s | %s | %s | not measured | | |\n", g.what, g.bound(g.must), g.aimText())
			continue
		}
		aim := ""
		if !g.worst {
			aim = yes(v.aim)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", g.what, g.bound(g.must), g.aimText(), v.text(), yes(v.must), aim)
	}
	return b.String()
}

func (g goal) aimText() string {
	if g.worst {
		return ""
	}
	return g.bound(g.aim)
}

func (v verdict) text() string {
	switch {
	case v.worst:
		return digits(v.value)
	case v.peer != "":
		return fmt.Sprintf("%.3g × (%.3g–%.3g)", v.value, v.low, v.high)
	}
	return figure(v.value, metrics[v.key].unit)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "**no**"
}

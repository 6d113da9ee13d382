// Command bench measures tsunagu beside the servers that it replaces and beside a bare write loop, in one run on one
// machine. README.md in this folder says how, what each figure means, and what is not measured.
package main

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// options are the flags.
type options struct {
	root, ours      string
	short           bool
	only, servers   []string
	rounds, clients int

	json, from    string
	readme        []string
	svg, markdown string
}

func parse(args []string) (o options, err error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return o, fmt.Errorf("go env: %w", err)
	}
	o.root = filepath.Dir(strings.TrimSpace(string(mod)))
	fs := flag.NewFlagSet("bench", flag.ExitOnError)
	list := func(to *[]string, name, usage string) {
		fs.Func(name, usage+", with commas between", func(s string) error { *to = strings.Split(s, ","); return nil })
	}
	fs.StringVar(&o.ours, "ours", "", "a tsunagu that is built already")
	fs.BoolVar(&o.short, "short", false, "a look in two minutes")
	list(&o.only, "only", "rows to measure: sparse,dense,400,1000,idle,pair,relay,publish,hold,abused,storm")
	list(&o.servers, "servers", "servers to measure: ours,nouring,loop,node2,node4,gosocketio,publish")
	fs.IntVar(&o.rounds, "rounds", 0, "rounds of each row (5, with -short 1)")
	fs.IntVar(&o.clients, "clients", 0, "at most so many clients, to try the bench itself")
	fs.StringVar(&o.json, "json", "", "a file for all samples")
	fs.StringVar(&o.from, "from", "", "measure nothing, report the samples of this file")
	list(&o.readme, "readme", "Markdown files that get the figures of the first screen between their bench markers")
	fs.StringVar(&o.svg, "svg", "", "a file for the plot")
	fs.StringVar(&o.markdown, "markdown", "", "a file for the tables")
	_ = fs.Parse(args) // exits
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, nil
}

// chosen applies -short, -only, -servers, -rounds and -clients to the rows.
func chosen(o options) ([]row, error) {
	all, rounds := fullRows, 5
	if o.short {
		all, rounds = shortRows, 1
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(all, func(r row) bool { return r.name == name }) {
			return nil, fmt.Errorf("no row is called %q", name)
		}
	}
	for _, name := range o.servers {
		if serverOf(name).name == "" {
			return nil, fmt.Errorf("no server is called %q", name)
		}
	}
	var out []row
	for _, r := range all {
		if len(o.only) > 0 && !slices.Contains(o.only, r.name) {
			continue
		}
		r.servers = slices.DeleteFunc(slices.Clone(r.servers), func(s string) bool {
			return len(o.servers) > 0 && !slices.Contains(o.servers, s)
		})
		if o.rounds > 0 {
			r.rounds = o.rounds
		} else if r.rounds == 0 {
			r.rounds = rounds
		}
		if o.clients > 0 {
			r.clients = min(r.clients, o.clients)
		}
		if len(r.servers) > 0 {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing to measure: no row has one of %s", strings.Join(o.servers, ", "))
	}
	return out, nil
}

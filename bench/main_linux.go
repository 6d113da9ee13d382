package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"tsunagu/bench/load"
)

func init() {
	// The children are tied to the life of the thread that starts them, so that thread must be the one that stays.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == generatorArg {
		exit(load.Serve(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse()
	if err == nil {
		err = run(ctx, o)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse() (o options, err error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return o, fmt.Errorf("go env: %w", err)
	}
	o.root = filepath.Dir(strings.TrimSpace(string(mod)))
	list := func(to *[]string) func(string) error {
		return func(s string) error { *to = strings.Split(s, ","); return nil }
	}
	flag.StringVar(&o.ours, "ours", "", "a tsunagu that is built already")
	flag.StringVar(&o.node, "node", "node", "the Node to run the original servers with")
	flag.StringVar(&o.redisServer, "redis-server", "redis-server", "the Redis server to start")
	flag.StringVar(&o.seed, "seed", filepath.Join(o.root, "e2e/testdata/seed/server.js"), "the original server")
	flag.StringVar(&o.modules, "node-modules", filepath.Join(o.root, "e2e/node_modules"), "where socket.io 2.1.1 and 4.8 are installed")
	flag.BoolVar(&o.short, "short", false, "a look in under two minutes")
	flag.Func("only", "rows to measure, with commas between: sparse,dense,400,1000,idle,pair,hold", list(&o.only))
	flag.Func("servers", "servers to measure: ours,floor,node2,node4,port", list(&o.servers))
	flag.IntVar(&o.rounds, "rounds", 0, "rounds of each row (5, with -short 1)")
	flag.IntVar(&o.clients, "clients", 0, "at most so many clients, to try the bench itself")
	flag.StringVar(&o.json, "json", "", "a file for all samples")
	flag.StringVar(&o.from, "from", "", "measure nothing, report the samples of this file")
	flag.StringVar(&o.readme, "readme", "", "a Markdown file to put the short table into, between its bench markers")
	flag.StringVar(&o.svg, "svg", "", "a file for the plot")
	flag.StringVar(&o.markdown, "markdown", "", "a file for the long table")
	flag.Parse()
	if flag.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if o.rounds <= 0 {
		o.rounds = 5
		if o.short {
			o.rounds = 1
		}
	}
	return o, nil
}

func run(ctx context.Context, o options) error {
	if o.from != "" {
		r, err := loadResults(o.from)
		if err != nil {
			return err
		}
		return report(o, r)
	}
	rows, err := chosen(o)
	if err != nil {
		return err
	}
	b, err := prepare(ctx, o, rows)
	if b != nil {
		defer b.close()
	}
	if err != nil {
		return err
	}
	if err := b.rounds(ctx, rows); err != nil {
		return err
	}
	return report(o, b.results)
}

// rounds measures row by row and round by round. Within a round the servers follow each other, each round
// beginning with another one, so that none always has the machine as its predecessor left it.
func (b *bench) rounds(ctx context.Context, rows []row) error {
	p := newProgress(rows)
	for _, r := range rows {
		failed := map[string]bool{}
		for round := range r.rounds {
			for i := range r.servers {
				server := r.servers[(i+round)%len(r.servers)]
				if failed[server] {
					p.skip(r)
					continue
				}
				p.begin(r, round, server)
				s, err := b.measure(ctx, r, server)
				if ctx.Err() != nil {
					return errors.New("interrupted")
				}
				s.Round = round
				if err != nil {
					failed[server], s.Failed = true, err.Error()
				}
				b.results.Samples = append(b.results.Samples, s)
				p.end(r, s)
				if err := b.save(); err != nil {
					return err
				}
			}
		}
	}
	p.done()
	return nil
}

// save writes after every sample, so that a run which is cut short leaves what it has found.
func (b *bench) save() error {
	if b.opt.json == "" {
		return nil
	}
	return b.results.save(b.opt.json)
}

// progress says on the standard error what is under way and how long it will take.
type progress struct {
	began       time.Time
	n, all      int
	spent, left time.Duration // by estimate
}

func newProgress(rows []row) *progress {
	p := &progress{began: time.Now()}
	for _, r := range rows {
		n := r.rounds * len(r.servers)
		p.all += n
		p.left += time.Duration(n) * r.estimate()
	}
	return p
}

func (p *progress) begin(r row, round int, server string) {
	p.n++
	left := p.left
	if p.spent > 0 {
		left = time.Duration(float64(left) * float64(time.Since(p.began)) / float64(p.spent))
	}
	fmt.Fprintf(os.Stderr, "[%d/%d, %v left] %s, round %d of %d, %s: ", p.n, p.all, left.Round(time.Second), r.name, round+1, r.rounds, server)
}

func (p *progress) end(r row, s sample) {
	p.spent += r.estimate()
	p.left -= r.estimate()
	fmt.Fprintln(os.Stderr, brief(s))
}

func (p *progress) skip(r row) {
	p.n++
	p.left -= r.estimate()
}

func (p *progress) done() {
	fmt.Fprintf(os.Stderr, "measured for %v\n", time.Since(p.began).Round(time.Second))
}

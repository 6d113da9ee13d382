package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"tsunagu/bench/load"
)

func init() {
	// The children are tied to the life of the thread that starts them, so it must be the main thread.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == generatorArg {
		exit(load.Serve(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
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

// rounds measures row by row and round by round. Within a round the servers take turns, and each round begins with
// another one, so that no server always finds the machine as the same predecessor left it.
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
	fmt.Fprintf(os.Stderr, "measured for %v\n", time.Since(p.began).Round(time.Second))
	return nil
}

// save writes after every sample, so that an interrupted run leaves what it has measured.
func (b *bench) save() error {
	if b.opt.json == "" {
		return nil
	}
	return b.results.save(b.opt.json)
}

// progress prints on standard error which measurement is in progress and how long the rest will take.
type progress struct {
	began         time.Time
	n, all        int
	passed, ahead time.Duration // by estimate
}

func newProgress(rows []row) *progress {
	p := &progress{began: time.Now()}
	for _, r := range rows {
		n := r.rounds * len(r.servers)
		p.all += n
		p.ahead += time.Duration(n) * r.estimate()
	}
	return p
}

func (p *progress) begin(r row, round int, server string) {
	p.n++
	left := p.ahead
	if p.passed > 0 {
		left = time.Duration(float64(left) * float64(time.Since(p.began)) / float64(p.passed))
	}
	fmt.Fprintf(os.Stderr, "[%d/%d, %v left] %s, round %d of %d, %s: ", p.n, p.all, left.Round(time.Second), r.name, round+1, r.rounds, server)
}

func (p *progress) end(r row, s sample) {
	p.passed += r.estimate()
	p.ahead -= r.estimate()
	fmt.Fprintln(os.Stderr, brief(s))
}

func (p *progress) skip(r row) {
	p.n++
	p.ahead -= r.estimate()
}

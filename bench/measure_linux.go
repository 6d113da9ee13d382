package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"tsunagu/bench/load"
	"tsunagu/bench/proc"
)

// generatorArg makes this program the load generator.
const generatorArg = "generator"

func startGenerator() (*load.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, generatorArg)
	cmd.Stderr = os.Stderr
	tie(cmd)
	return load.Start(cmd)
}

// measure takes one sample: a fresh server, fresh clients, the row's rest and traffic.
func (b *bench) measure(ctx context.Context, r row, server string) (sample, error) {
	s := sample{Row: r.name, Server: server, Clients: r.clients}
	p, err := b.start(ctx, server)
	if err != nil {
		return s, err
	}
	gen, err := startGenerator()
	if err != nil {
		return s, errors.Join(err, p.kill())
	}
	err = b.sample(ctx, &s, r, p, gen)
	if dead := p.alive(); dead != nil {
		err = errors.Join(dead, err)
	}
	return s, errors.Join(err, p.kill(), gen.Stop())
}

func (b *bench) sample(ctx context.Context, s *sample, r row, p *process, gen *load.Process) error {
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	var err error
	if s.BeforeKB, err = proc.RSS(p.pid()); err != nil {
		return err
	}
	if err := b.arrive(s, r, p, gen); err != nil {
		return err
	}
	if r.rest > 0 {
		if err := wait(ctx, r.rest); err != nil {
			return err
		}
		if s.RestKB, err = proc.RSS(p.pid()); err != nil {
			return err
		}
	}
	if r.rate > 0 {
		if err := b.warmUp(ctx, r, gen); err != nil {
			return err
		}
		if err := b.window(s, r, p, gen); err != nil {
			return err
		}
	}
	return check(s, gen)
}

// arrive connects all clients.
func (b *bench) arrive(s *sample, r row, p *process, gen *load.Process) error {
	before, err := b.used(p, gen)
	if err != nil {
		return err
	}
	c, err := gen.Connect(load.ConnectAsk{
		Addr: p.addr(), EIO: dialect(s.Server), Clients: r.clients, InFlight: inFlight, WarmUp: min(1000, r.clients/4),
	})
	if err != nil {
		return err
	}
	after, err := b.used(p, gen)
	if err != nil {
		return err
	}
	if r.rest > 0 {
		s.AcceptPerSecond = c.PerSecond
		s.AcceptCPU = (after.server - before.server).Seconds()
		s.AcceptLoadCPU = (after.load - before.load).Seconds()
		s.AcceptWindow, s.AcceptOtherCPU, s.AcceptStolen = others(before, after)
	}
	return nil
}

func (b *bench) warmUp(ctx context.Context, r row, gen *load.Process) error {
	t, err := gen.Traffic(r.warmUp())
	if err != nil {
		return err
	}
	if t.Delivered != t.Expected {
		return fmt.Errorf("of the warm-up only %d of %d lines arrive", t.Delivered, t.Expected)
	}
	return wait(ctx, 300*time.Millisecond)
}

// window sends the lines that count and reads before and after what everyone has used.
func (b *bench) window(s *sample, r row, p *process, gen *load.Process) error {
	before, err := b.used(p, gen)
	if err != nil {
		return err
	}
	t, err := gen.Traffic(r.lines())
	if err != nil {
		return err
	}
	after, err := b.used(p, gen)
	if err != nil {
		return err
	}
	s.Traffic = &t
	s.CPU = (after.server - before.server).Seconds()
	s.RedisCPU = (after.redis - before.redis).Seconds()
	s.LoadCPU = (after.load - before.load).Seconds()
	s.Window, s.OtherCPU, s.Stolen = others(before, after)
	if s.AfterKB, err = proc.RSS(p.pid()); err != nil {
		return err
	}
	if t.Lost*2 > int64(r.clients) {
		return fmt.Errorf("%d of %d clients were dropped while they listened", t.Lost, r.clients)
	}
	return nil
}

// check looks at the clients once more when all is done.
func check(s *sample, gen *load.Process) error {
	st, err := gen.Status()
	if err != nil {
		return err
	}
	s.Silent = st.Silent
	if s.Traffic == nil && st.Ready != int64(s.Clients) {
		return fmt.Errorf("%d of %d clients were dropped while at rest", int64(s.Clients)-st.Ready, s.Clients)
	}
	return nil
}

// usage is what everyone has used of the CPU since they began.
type usage struct {
	server, redis, load time.Duration
	machine             proc.Machine
	at                  time.Time
}

func (b *bench) used(p *process, gen *load.Process) (u usage, err error) {
	var errs [4]error
	u.at = time.Now()
	u.server, errs[0] = proc.CPU(p.pid())
	u.redis, errs[1] = proc.CPU(b.redis.pid())
	u.load, errs[2] = proc.CPU(gen.PID())
	u.machine, errs[3] = proc.AllCPUs()
	return u, errors.Join(errs[:]...)
}

// others tells how long a window was, and what neither the server nor Redis nor the generator used of it.
func others(before, after usage) (seconds, other, stolen float64) {
	own := after.server - before.server + after.redis - before.redis + after.load - before.load
	return after.at.Sub(before.at).Seconds(), max(after.machine.Busy-before.machine.Busy-own, 0).Seconds(),
		(after.machine.Stolen - before.machine.Stolen).Seconds()
}

func dialect(server string) int {
	for _, s := range servers {
		if s.name == server {
			return s.eio
		}
	}
	return 3
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

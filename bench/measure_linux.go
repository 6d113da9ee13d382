package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"tsunagu/bench/load"
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

// measurement is one sample in the making.
type measurement struct {
	*bench
	row   row
	nodes nodes
	gen   *load.Process
	sample
}

// measure takes one sample: fresh nodes of the server, fresh clients, the row's rest and traffic.
func (b *bench) measure(ctx context.Context, r row, server string) (sample, error) {
	if r.relayAlone {
		return b.measurePublish(ctx, r, server)
	}
	m := measurement{bench: b, row: r, sample: sample{Row: r.name, Server: server, Clients: r.clients}}
	var err error
	if m.nodes, err = b.start(ctx, server, r); err != nil {
		return m.sample, err
	}
	if m.gen, err = startGenerator(); err != nil {
		return m.sample, errors.Join(err, m.nodes.kill())
	}
	err = m.take(ctx)
	return m.sample, errors.Join(m.nodes.alive(), err, m.nodes.kill(), m.gen.Stop())
}

func (m *measurement) take(ctx context.Context) (err error) {
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	if m.BeforeKB, err = m.nodes.rss(); err != nil {
		return err
	}
	if err := m.connect(); err != nil {
		return err
	}
	if m.row.rest > 0 {
		if err := wait(ctx, m.row.rest); err != nil {
			return err
		}
		if m.RestKB, err = m.nodes.rss(); err != nil {
			return err
		}
	}
	if m.row.rate > 0 {
		if err := m.warmUp(ctx); err != nil {
			return err
		}
		if m.row.abused {
			if err := m.beginAbuse(ctx); err != nil {
				return err
			}
		}
		if err := m.traffic(); err != nil {
			return err
		}
	}
	if m.row.bystanders > 0 {
		if err := m.storm(ctx); err != nil {
			return err
		}
	}
	return m.check()
}

func (m *measurement) connect() error {
	args := load.ConnectArgs{
		Addrs: m.nodes.addrs(), EIO: serverOf(m.Server).eio, Clients: m.row.clients, InFlight: inFlight, WarmUp: min(1000, m.row.clients/4),
	}
	var c load.Connected
	w, err := m.during(func() (err error) { c, err = m.gen.Connect(args); return err })
	if err == nil && m.row.rest > 0 {
		m.AcceptPerSecond, m.Accept = c.PerSecond, w
	}
	return err
}

func (m *measurement) warmUp(ctx context.Context) error {
	t, err := m.gen.Traffic(m.row.warmUp())
	if err != nil {
		return err
	}
	if t.Delivered != t.Expected {
		return fmt.Errorf("the warm-up delivered %d of %d messages", t.Delivered, t.Expected)
	}
	return wait(ctx, 300*time.Millisecond)
}

// traffic sends the messages that count.
func (m *measurement) traffic() error {
	var t load.Traffic
	w, err := m.during(func() (err error) { t, err = m.gen.Traffic(m.row.traffic()); return err })
	if err != nil {
		return err
	}
	m.Traffic, m.Window = &t, w
	if t.Lost*2 > int64(m.row.clients) {
		return fmt.Errorf("the server dropped %d of %d clients", t.Lost, m.row.clients)
	}
	return nil
}

// beginAbuse measures the traffic without clients that misbehave, and then connects those.
func (m *measurement) beginAbuse(ctx context.Context) error {
	if err := m.traffic(); err != nil {
		return err
	}
	m.Calm, m.Traffic = m.Traffic, nil
	if err := m.gen.Abuse(m.row.abuse(m.nodes.addrs()[0])); err != nil {
		return err
	}
	return wait(ctx, time.Second)
}

// check looks at the clients once more at the end.
func (m *measurement) check() error {
	st, err := m.gen.Status()
	if err != nil {
		return err
	}
	m.Silent = st.Silent
	if m.PeakKB, err = m.nodes.peak(); err != nil {
		return err
	}
	if m.Traffic == nil && st.Ready != int64(m.Clients) {
		return fmt.Errorf("the server dropped %d of %d clients at rest", int64(m.Clients)-st.Ready, m.Clients)
	}
	return nil
}

// usage is what every process has used of the CPU since it began.
type usage struct {
	server, redis, load time.Duration
	machine             machineTimes
	at                  time.Time
}

func (m *measurement) used() (u usage, err error) {
	var errs [4]error
	u.at = time.Now()
	u.server, errs[0] = m.nodes.cpu()
	u.redis, errs[1] = cpuTime(m.redis.pid())
	u.load, errs[2] = cpuTime(m.gen.PID())
	u.machine, errs[3] = readMachineTimes()
	return u, errors.Join(errs[:]...)
}

// during runs f and returns what was used of the CPU meanwhile.
func (m *measurement) during(f func() error) (window, error) {
	before, err := m.used()
	if err != nil {
		return window{}, err
	}
	if err := f(); err != nil {
		return window{}, err
	}
	after, err := m.used()
	server, redis, load := after.server-before.server, after.redis-before.redis, after.load-before.load
	return window{
		Seconds: after.at.Sub(before.at).Seconds(),
		Server:  server.Seconds(), Redis: redis.Seconds(), Load: load.Seconds(),
		Other:  max(after.machine.busy-before.machine.busy-server-redis-load, 0).Seconds(),
		Stolen: (after.machine.stolen - before.machine.stolen).Seconds(),
	}, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

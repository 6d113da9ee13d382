package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"tsunagu/bench/load"
)

// results is all that a run has measured. It is what -json writes and -from reads.
type results struct {
	Machine string
	Short   bool
	Trial   bool // with fewer clients than the rows say
	Samples []sample
}

// sample is one measurement: one server, one row, one round.
type sample struct {
	Row, Server string
	Round       int
	Failed      string `json:",omitempty"` // why there are no figures

	AcceptPerSecond float64
	Accept          window // while the clients connected; zero where the row has no rest
	BeforeKB        int64  // resident memory of the server before the first client
	RestKB          int64  // and with all of them, at rest; 0 where the row has no rest

	Clients int
	Traffic *load.Traffic `json:",omitempty"`
	Window  window        // while there was traffic
	Silent  int           // clients whose server owed them a heartbeat at the end
	PeakKB  int64         // most resident memory of the server

	Calm *load.Traffic `json:",omitempty"` // the same traffic without the clients that misbehave

	Storm *storm `json:",omitempty"` // its CPU is in Window
}

// storm is what became of a storm.
type storm struct {
	load.Storm
	Before, After held
}

// held is what the server holds, at rest.
type held struct {
	KB          int64 // resident memory
	Descriptors int
	Goroutines  int // 0 where they cannot be asked for
}

// window is a span of time, in seconds, and the seconds of CPU that were used in it.
type window struct {
	Seconds float64
	Server  float64 // all nodes of the server under test
	Redis   float64
	Load    float64 // the load generator
	Other   float64 // everything else on the machine
	Stolen  float64 // taken by the host
}

// metric is a figure that a sample holds, or does not.
type metric struct {
	key, name, unit string
	compared        bool // tables show the ratio to Node
	of              func(s sample) (float64, bool)
}

// ofTraffic is a metric of samples with traffic. A quotient by zero deliveries is no figure.
func ofTraffic(f func(s sample, t *load.Traffic) float64) func(sample) (float64, bool) {
	return func(s sample) (float64, bool) {
		if s.Traffic == nil {
			return 0, false
		}
		v := f(s, s.Traffic)
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
}

// figureOf is no figure for a row that has no such process.
func figureOf(cpu float64) float64 {
	if cpu == 0 {
		return math.NaN()
	}
	return cpu
}

// ofAccept is a metric of samples whose connecting was measured.
func ofAccept(f func(s sample) float64) func(sample) (float64, bool) {
	return func(s sample) (float64, bool) { return f(s), s.AcceptPerSecond > 0 }
}

const (
	nsPerMS = 1e6
	µsPerS  = 1e6
)

// metrics in the order of the tables.
var metrics = []metric{
	{"cpu", "server CPU per delivery", "µs", true, ofTraffic(func(s sample, t *load.Traffic) float64 {
		return figureOf(s.Window.Server) * µsPerS / float64(t.Delivered)
	})},
	{"rate", "deliveries a second", "", false, ofTraffic(func(_ sample, t *load.Traffic) float64 { return t.PerSecond })},
	{"p50", "median delay", "ms", true, ofTraffic(func(_ sample, t *load.Traffic) float64 { return float64(t.P50) / nsPerMS })},
	{"p99", "p99 delay", "ms", true, ofTraffic(func(_ sample, t *load.Traffic) float64 { return float64(t.P99) / nsPerMS })},
	{"max", "longest delay", "ms", false, ofTraffic(func(_ sample, t *load.Traffic) float64 { return float64(t.Max) / nsPerMS })},
	{"undelivered", "undelivered", "%", false, ofTraffic(func(_ sample, t *load.Traffic) float64 { return 100 * float64(t.Undelivered) / float64(t.Expected) })},
	{"redis", "Redis CPU per message", "µs", false, ofTraffic(func(s sample, t *load.Traffic) float64 {
		return s.Window.Redis * µsPerS * float64(s.Clients) / float64(t.Expected)
	})},
	{"load", "load generator's CPU per delivery", "µs", false, ofTraffic(func(s sample, t *load.Traffic) float64 {
		return figureOf(s.Window.Load) * µsPerS / float64(t.Delivered)
	})},
	{"late", "p99 by which the generator was late", "ms", false, ofTraffic(func(_ sample, t *load.Traffic) float64 { return float64(t.Late) / nsPerMS })},
	{"memory", "memory per idle connection", "KB", true, func(s sample) (float64, bool) {
		return float64(s.RestKB-s.BeforeKB) / float64(s.Clients), s.RestKB > 0
	}},
	{"accept", "connections accepted a second", "", true, ofAccept(func(s sample) float64 { return s.AcceptPerSecond })},
	{"acceptcpu", "server CPU per connection accepted", "µs", false, ofAccept(func(s sample) float64 { return s.Accept.Server * µsPerS / float64(s.Clients) })},
	{"acceptload", "load generator's CPU per connection", "µs", false, ofAccept(func(s sample) float64 { return s.Accept.Load * µsPerS / float64(s.Clients) })},
	{"abused", "p99 delay against that without clients that misbehave", "", false, ofCalm(func(s sample) float64 { return float64(s.Traffic.P99) / float64(s.Calm.P99) })},
	{"peak", "peak memory", "MB", true, ofCalm(func(s sample) float64 { return float64(s.PeakKB) / 1000 })},
	{"back", "time until all clients were back", "s", true, ofStorm(func(s *storm) float64 { return s.Seconds })},
	{"gap", "longest time without a message for a bystander", "ms", true, ofStorm(func(s *storm) float64 { return float64(s.Gap) / nsPerMS })},
	{"grown", "growth of memory", "MB", false, ofStorm(func(s *storm) float64 { return float64(s.After.KB-s.Before.KB) / 1000 })},
	{"left", "descriptors and goroutines more than before", "", false, ofStorm(left)},
	{"missed", "messages that bystanders missed", "", false, ofStorm(func(s *storm) float64 { return float64(s.Expected - s.Received) })},
	{"faults", "faults", "", false, ofTraffic(faults)},
}

// ofCalm is a metric of samples whose traffic was measured with and without clients that misbehave.
func ofCalm(f func(s sample) float64) func(sample) (float64, bool) {
	return func(s sample) (float64, bool) {
		if s.Calm == nil || s.Traffic == nil || s.Calm.P99 == 0 {
			return 0, false
		}
		return f(s), true
	}
}

func ofStorm(f func(s *storm) float64) func(sample) (float64, bool) {
	return func(s sample) (float64, bool) {
		if s.Storm == nil {
			return 0, false
		}
		return f(s.Storm), true
	}
}

// left is what a storm left behind. A number below zero is none.
func left(s *storm) float64 {
	return float64(max(s.After.Descriptors-s.Before.Descriptors, 0) + max(s.After.Goroutines-s.Before.Goroutines, 0))
}

func metricOf(key string) metric {
	return metrics[slices.IndexFunc(metrics, func(m metric) bool { return m.key == key })]
}

// faults counts messages lost, doubled, changed or out of order, and clients lost or without a heartbeat. The bare loop
// knows no heartbeats.
func faults(s sample, t *load.Traffic) float64 {
	n := t.Undelivered + t.Duplicates + t.Disorder + t.Foreign + t.Lost
	if s.Server != loop {
		n += int64(s.Silent)
	}
	return float64(n)
}

// figures returns one metric of one server in one row, by round.
func (r results) figures(row, server, key string) map[int]float64 {
	m := map[int]float64{}
	for _, s := range r.Samples {
		if s.Row == row && s.Server == server && s.Failed == "" {
			if v, ok := metricOf(key).of(s); ok {
				m[s.Round] = v
			}
		}
	}
	return m
}

// spread is one figure over all rounds.
type spread struct {
	median, min, max float64
	n                int
}

// over returns the spread of the values; none of them gives the zero spread.
func over(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	s := slices.Sorted(slices.Values(values))
	mid := len(s) / 2
	m := s[mid]
	if len(s)%2 == 0 {
		m = (s[mid-1] + s[mid]) / 2
	}
	return spread{m, s[0], s[len(s)-1], len(s)}
}

func (r results) spread(row, server, key string) spread {
	var values []float64
	for _, v := range r.figures(row, server, key) {
		values = append(values, v)
	}
	return over(values)
}

// ratio is the spread of the ratios within each round. Two figures of one round were taken within seconds of each other,
// so what slows the machine for a while slows both and leaves their ratio alone. A round that only one of the two has, or
// in which the divisor is zero, is left out.
func (r results) ratio(row, server, to, key string) spread {
	var ratios []float64
	divisors := r.figures(row, to, key)
	for round, v := range r.figures(row, server, key) {
		if d := divisors[round]; d != 0 {
			ratios = append(ratios, v/d)
		}
	}
	return over(ratios)
}

// doubts names what may have distorted a sample although nothing failed.
func (r results) doubts() (out []string) {
	for _, s := range r.Samples {
		if s.Failed != "" {
			continue
		}
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("%s, %s, round %d: ", s.Row, s.Server, s.Round+1)+fmt.Sprintf(format, args...))
		}
		alone := func(w window, when string) {
			if w.Other > 0.1*w.Seconds {
				say("other processes used %.0f %% of a core %s", 100*w.Other/w.Seconds, when)
			}
			if w.Stolen > 0.1*w.Seconds {
				say("the host took %.0f %% of a core away %s", 100*w.Stolen/w.Seconds, when)
			}
		}
		alone(s.Accept, "while clients connected")
		if s.Traffic == nil {
			continue
		}
		alone(s.Window, "under traffic")
		if s.Window.Load > 0.95*s.Window.Seconds {
			say("the load generator was busy all the time")
		}
		if late := s.Traffic.Late; late > 20*time.Millisecond && late > s.Traffic.P50/10 {
			say("messages left the generator up to %v late", late.Round(time.Millisecond))
		}
	}
	return out
}

// failures are the errors of the measurements that failed.
func (r results) failures() (errs []error) {
	for _, s := range r.Samples {
		if s.Failed != "" {
			errs = append(errs, fmt.Errorf("%s, %s, round %d: %s", s.Row, s.Server, s.Round+1, s.Failed))
		}
	}
	return errs
}

func (r results) save(file string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func loadResults(file string) (r results, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

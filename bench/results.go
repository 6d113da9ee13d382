package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"tsunagu/bench/load"
	"tsunagu/bench/stats"
)

// results is all that a run has found. It is what -json writes and -from reads.
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
	AcceptCPU       float64 // seconds of CPU that the server has used for all connections
	AcceptLoadCPU   float64 // and the load generator
	AcceptOtherCPU  float64 // and everything else on the machine
	AcceptStolen    float64
	AcceptWindow    float64
	BeforeKB        int64 // resident memory of the server before the first client
	RestKB          int64 // and with all of them, at rest; 0 where the row has no rest
	AfterKB         int64 // and after the traffic

	Clients int
	Traffic *load.Traffic `json:",omitempty"`
	Silent  int           // clients whose server owed them a heartbeat at the end

	// Seconds of CPU in the window of the traffic.
	CPU      float64 // of the server
	RedisCPU float64
	LoadCPU  float64 // of the load generator
	OtherCPU float64 // of everything else on the machine
	Stolen   float64 // taken by the host
	Window   float64 // its length in seconds
}

// metric is a figure that a sample holds, or does not.
type metric struct {
	name string
	unit string
	of   func(s sample) (float64, bool)
}

func ofTraffic(f func(t *load.Traffic) float64) func(sample) (float64, bool) {
	return func(s sample) (float64, bool) {
		if s.Traffic == nil {
			return 0, false
		}
		return f(s.Traffic), true
	}
}

const ms = 1e6 // nanoseconds

var metrics = map[string]metric{
	"cpu": {"server CPU per delivery", "µs", func(s sample) (float64, bool) {
		if s.Traffic == nil || s.Traffic.Delivered == 0 {
			return 0, false
		}
		return s.CPU * 1e6 / float64(s.Traffic.Delivered), true
	}},
	"redis": {"Redis CPU per line", "µs", func(s sample) (float64, bool) {
		if s.Traffic == nil {
			return 0, false
		}
		return s.RedisCPU * 1e6 * float64(s.Clients) / float64(s.Traffic.Expected), true
	}},
	"rate":        {"deliveries a second", "", ofTraffic(func(t *load.Traffic) float64 { return t.PerSecond })},
	"p50":         {"median delay", "ms", ofTraffic(func(t *load.Traffic) float64 { return float64(t.P50) / ms })},
	"p99":         {"p99 delay", "ms", ofTraffic(func(t *load.Traffic) float64 { return float64(t.P99) / ms })},
	"max":         {"longest delay", "ms", ofTraffic(func(t *load.Traffic) float64 { return float64(t.Max) / ms })},
	"undelivered": {"undelivered", "%", ofTraffic(func(t *load.Traffic) float64 { return 100 * float64(t.Undelivered) / float64(t.Expected) })},
	"faults":      {"lines lost, doubled or disordered; clients lost or without heartbeat", "", faults},
	"load": {"load generator's CPU per delivery", "µs", func(s sample) (float64, bool) {
		if s.Traffic == nil || s.Traffic.Delivered == 0 {
			return 0, false
		}
		return s.LoadCPU * 1e6 / float64(s.Traffic.Delivered), true
	}},
	"late": {"p99 by which the generator was late", "ms", ofTraffic(func(t *load.Traffic) float64 { return float64(t.Late) / ms })},
	"memory": {"memory per idle connection", "KB", func(s sample) (float64, bool) {
		return float64(s.RestKB-s.BeforeKB) / float64(s.Clients), s.RestKB > 0
	}},
	"accept": {"connections accepted a second", "", func(s sample) (float64, bool) {
		return s.AcceptPerSecond, s.AcceptPerSecond > 0
	}},
	"acceptcpu": {"server CPU per connection accepted", "µs", func(s sample) (float64, bool) {
		return s.AcceptCPU * 1e6 / float64(s.Clients), s.AcceptPerSecond > 0
	}},
	"acceptload": {"load generator's CPU per connection", "µs", func(s sample) (float64, bool) {
		return s.AcceptLoadCPU * 1e6 / float64(s.Clients), s.AcceptPerSecond > 0
	}},
}

// faults counts all that is not as it must be. The bare loop knows no heartbeats.
func faults(s sample) (float64, bool) {
	if s.Traffic == nil {
		return 0, false
	}
	t := s.Traffic
	n := t.Undelivered + t.Duplicates + t.Disorder + t.Foreign + t.Lost
	if s.Server != floor {
		n += int64(s.Silent)
	}
	return float64(n), true
}

// figures returns one metric of one server in one row, by round.
func (r results) figures(row, server, key string) map[int]float64 {
	m := map[int]float64{}
	for _, s := range r.Samples {
		if s.Row == row && s.Server == server && s.Failed == "" {
			if v, ok := metrics[key].of(s); ok {
				m[s.Round] = v
			}
		}
	}
	return m
}

func (r results) spread(row, server, key string) stats.Spread {
	var v []float64
	for _, x := range r.figures(row, server, key) {
		v = append(v, x)
	}
	return stats.Over(v)
}

// ratio is the median of the ratios within each round.
func (r results) ratio(row, server, to, key string) stats.Spread {
	return stats.Ratios(r.figures(row, server, key), r.figures(row, to, key))
}

// doubts names what may have spoilt a sample without anyone having failed.
func (r results) doubts() (out []string) {
	for _, s := range r.Samples {
		if s.Failed != "" {
			continue
		}
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("%s, %s, round %d: ", s.Row, s.Server, s.Round+1)+fmt.Sprintf(format, args...))
		}
		alone := func(when string, window, other, stolen float64) {
			if other > 0.1*window {
				say("other processes used %.0f %% of a core %s", 100*other/window, when)
			}
			if stolen > 0.1*window {
				say("the host took %.0f %% of a core away %s", 100*stolen/window, when)
			}
		}
		alone("while clients connected", s.AcceptWindow, s.AcceptOtherCPU, s.AcceptStolen)
		if s.Traffic == nil {
			continue
		}
		alone("under traffic", s.Window, s.OtherCPU, s.Stolen)
		if s.LoadCPU > 0.95*s.Window {
			say("the load generator was busy all the time")
		}
		if late := s.Traffic.Late; late > 20*time.Millisecond && late > s.Traffic.P50/10 {
			say("lines left the generator up to %v late", late.Round(time.Millisecond))
		}
	}
	return out
}

// failures lists the measurements that came to nothing.
func (r results) failures() (out []sample) {
	for _, s := range r.Samples {
		if s.Failed != "" {
			out = append(out, s)
		}
	}
	return out
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
	return r, json.Unmarshal(b, &r)
}

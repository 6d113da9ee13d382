package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tsunagu/bench/load"
)

// The servers, by the names that flags and results use.
const (
	ours  = "ours"
	floor = "floor"
	node2 = "node2"
	node4 = "node4"
	port  = "port"
)

// servers in the order of tables and plots.
var servers = []struct {
	name, title string
	eio         int // the dialect its clients speak here: the newest it knows
}{
	{ours, "tsunagu", 3},
	{floor, "bare write loop", 3},
	{node2, "Node, socket.io 2.1.1", 3},
	{node4, "Node, socket.io 4.8", 4},
	{port, "the obvious port", 3},
}

// row is one kind of traffic, and which servers it is sent to.
type row struct {
	name    string
	title   string
	clients int
	rest    time.Duration // at rest before any line is sent; memory is read at its end
	rate    float64       // lines a second, 0 for no traffic
	window  time.Duration // for which lines are sent
	servers []string
	rounds  int // 0 for as many as the flag says
}

// inFlight is how many handshakes are under way at once, well below every server's accept queue (Node's holds 511).
const inFlight = 64

// drain is how long the lines still missing are waited for after the last was sent.
const drain = 5 * time.Second

var fullRows = []row{
	{name: "sparse", title: "4,000 clients, 5 lines/s", clients: 4000, rate: 5, window: 8 * time.Second,
		servers: []string{ours, floor, node2, node4, port}},
	{name: "dense", title: "1,000 clients, 150 lines/s", clients: 1000, rate: 150, window: 6 * time.Second,
		servers: []string{ours, floor, node2, node4, port}},
	{name: "400", title: "1,000 clients, 400 lines/s", clients: 1000, rate: 400, window: 6 * time.Second,
		servers: []string{ours, floor, node2, node4}},
	{name: "1000", title: "1,000 clients, 1,000 lines/s", clients: 1000, rate: 1000, window: 5 * time.Second,
		servers: []string{ours, node2}},
	{name: "idle", title: "8,000 clients at rest", clients: 8000, rest: 10 * time.Second,
		servers: []string{ours, floor, node2, node4, port}},
	{name: "pair", title: "2 clients, 5 lines/s", clients: 2, rate: 5, window: 8 * time.Second,
		servers: []string{ours, floor, node2}},
	// Past 30 s every client's heartbeat has been round once.
	{name: "hold", title: "15,000 clients, 5 lines/s", clients: 15000, rest: 30 * time.Second, rate: 5, window: 6 * time.Second,
		servers: []string{ours}},
}

// shortRows fit into two minutes. Clients, rates and the 10 s at rest are those of the full run; windows and rounds are fewer.
var shortRows = []row{
	{name: "sparse", title: "4,000 clients, 5 lines/s", clients: 4000, rate: 5, window: 4 * time.Second,
		servers: []string{ours, floor, node2}},
	{name: "dense", title: "1,000 clients, 150 lines/s", clients: 1000, rate: 150, window: 3 * time.Second,
		servers: []string{ours, floor, node2}},
	{name: "400", title: "1,000 clients, 400 lines/s", clients: 1000, rate: 400, window: 3 * time.Second,
		servers: []string{ours, node2}},
	{name: "idle", title: "8,000 clients at rest", clients: 8000, rest: 10 * time.Second,
		servers: []string{ours, node2}},
}

// speakers is how many clients take turns at saying the lines.
const speakers = 20

// lines is the row's traffic.
func (r row) lines() load.TrafficAsk {
	return load.TrafficAsk{
		Lines: max(int(r.rate*r.window.Seconds()), 1), PerSecond: r.rate, Speakers: min(r.clients, speakers), Drain: drain,
	}
}

// warmUp is traffic that does not count: some 100,000 deliveries at a pace that every server can hold, over which a
// JavaScript server compiles its code, every server's heap comes to its size, and each speaker has spoken.
func (r row) warmUp() load.TrafficAsk {
	n := min(max(100_000/r.clients, speakers), 100)
	return load.TrafficAsk{
		Lines: n, PerSecond: min(50_000/float64(r.clients), 50), Speakers: min(r.clients, speakers), Drain: 2 * drain,
	}
}

// estimate is about how long one measurement of the row takes.
func (r row) estimate() time.Duration {
	d := 2*time.Second + time.Duration(r.clients)*time.Millisecond/3 + r.rest + r.window
	if r.rate > 0 {
		w := r.warmUp()
		d += time.Duration(float64(w.Lines)/w.PerSecond*1e9) + 500*time.Millisecond
	}
	return d
}

// options are the flags.
type options struct {
	ours, node, redisServer string
	seed, modules, root     string
	short                   bool
	only, servers           []string
	rounds, clients         int

	json, from            string
	readme, svg, markdown string
}

// chosen applies -only, -servers, -rounds and -clients to the rows.
func chosen(o options) ([]row, error) {
	all := fullRows
	if o.short {
		all = shortRows
	}
	var out []row
	for _, r := range all {
		if len(o.only) > 0 && !slices.Contains(o.only, r.name) {
			continue
		}
		r.servers = slices.DeleteFunc(slices.Clone(r.servers), func(s string) bool {
			return len(o.servers) > 0 && !slices.Contains(o.servers, s)
		})
		if r.rounds == 0 {
			r.rounds = o.rounds
		}
		if o.clients > 0 {
			r.clients = min(r.clients, o.clients)
		}
		if len(r.servers) > 0 {
			out = append(out, r)
		}
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(all, func(r row) bool { return r.name == name }) {
			return nil, fmt.Errorf("no row is called %q", name)
		}
	}
	for _, name := range o.servers {
		if _, ok := serverTitles()[name]; !ok {
			return nil, fmt.Errorf("no server is called %q", name)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing to measure: no row has one of %s", strings.Join(o.servers, ", "))
	}
	return out, nil
}

func serverTitles() map[string]string {
	m := map[string]string{}
	for _, s := range servers {
		m[s.name] = s.title
	}
	return m
}

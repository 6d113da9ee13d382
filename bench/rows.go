package main

import (
	"time"

	"tsunagu/bench/load"
)

// The servers, by the names that flags and results use.
const (
	ours       = "ours"
	noUring    = "nouring"
	loop       = "loop"
	node2      = "node2"
	node4      = "node4"
	goSocketIO = "gosocketio"
	// barePublish is no server: PUBLISH to SUBSCRIBE with nothing around them.
	barePublish = "publish"
)

type server struct {
	name, title string
	eio         int // the revision of Engine.IO that its clients speak here: the newest it knows
}

// servers in the order of tables and plots.
var servers = []server{
	{ours, "tsunagu", 3},
	{noUring, "tsunagu, no io_uring", 3},
	{loop, "bare write loop", 3},
	{node2, "Node, socket.io 2.1.1", 3},
	{node4, "Node, socket.io 4.8", 4},
	{goSocketIO, "go-socket.io alone", 3},
	{barePublish, "bare PUBLISH", 0},
}

func serverOf(name string) server {
	for _, s := range servers {
		if s.name == name {
			return s
		}
	}
	return server{}
}

// row is one kind of traffic, and the servers that are measured with it.
type row struct {
	name    string
	title   string
	nodes   int // of each server, all on one Redis; 0 for one
	clients int
	rest    time.Duration // at rest before the first message; memory is read at its end
	rate    float64       // messages a second, 0 for no traffic
	window  time.Duration // for which messages are sent
	servers []string
	rounds  int // 0 for as many as the flag says
	// bystanders stay while all other clients are dropped and come back; 0 for no storm. The rest is after it, too.
	bystanders int
	relayAlone bool // lines go through Redis alone, without clients
	abused     bool // the messages are sent twice, without and with clients that misbehave
}

// inFlight is how many handshakes are in progress at once, well below every server's accept queue (Node's holds 511).
const inFlight = 64

// drain is how long the bench waits for missing deliveries after the last message.
const drain = 5 * time.Second

var fullRows = []row{
	{name: "sparse", title: "4,000 clients, 5 messages/s", clients: 4000, rate: 5, window: 8 * time.Second,
		servers: []string{ours, noUring, loop, node2, node4, goSocketIO}},
	{name: "dense", title: "1,000 clients, 150 messages/s", clients: 1000, rate: 150, window: 6 * time.Second,
		servers: []string{ours, noUring, loop, node2, node4, goSocketIO}},
	{name: "400", title: "1,000 clients, 400 messages/s", clients: 1000, rate: 400, window: 6 * time.Second,
		servers: []string{ours, loop, node2, node4}, rounds: 3},
	{name: "1000", title: "1,000 clients, 1,000 messages/s", clients: 1000, rate: 1000, window: 5 * time.Second,
		servers: []string{ours, node2}, rounds: 3},
	{name: "idle", title: "8,000 clients at rest", clients: 8000, rest: 10 * time.Second,
		servers: []string{ours, loop, node2, node4, goSocketIO}, rounds: 3},
	{name: "pair", title: "2 clients, 5 messages/s", clients: 2, rate: 5, window: 8 * time.Second,
		servers: []string{ours, loop, node2}},
	{name: "relay", title: "2 nodes, 2,000 clients, 20 messages/s", nodes: 2, clients: 2000, rate: 20, window: 6 * time.Second,
		servers: []string{ours, node2}, rounds: 3},
	{name: "publish", title: "relay alone, 2 nodes, 400 messages/s", rate: 400, window: 6 * time.Second, relayAlone: true,
		servers: []string{ours, barePublish}},
	// After 30 s every client has had one heartbeat.
	{name: "hold", title: "15,000 clients, 5 messages/s", clients: 15000, rest: 30 * time.Second, rate: 5, window: 6 * time.Second,
		servers: []string{ours}, rounds: 3},
	{name: "abused", title: "500 clients, 50 messages/s, beside clients that misbehave", clients: 500, rate: 50, window: 20 * time.Second, abused: true,
		servers: []string{ours, node2}, rounds: 3},
	{name: "storm", title: "10,000 clients, 9,900 dropped and back at once", clients: 10000, rest: 8 * time.Second, bystanders: 100,
		servers: []string{ours}, rounds: 2},
}

// shortRows take two minutes. Clients, rates and the 10 s at rest are those of the full run; windows and rounds are fewer.
var shortRows = []row{
	{name: "sparse", title: "4,000 clients, 5 messages/s", clients: 4000, rate: 5, window: 4 * time.Second,
		servers: []string{ours, loop, node2}},
	{name: "dense", title: "1,000 clients, 150 messages/s", clients: 1000, rate: 150, window: 3 * time.Second,
		servers: []string{ours, loop, node2}},
	{name: "400", title: "1,000 clients, 400 messages/s", clients: 1000, rate: 400, window: 3 * time.Second,
		servers: []string{ours, node2}},
	{name: "idle", title: "8,000 clients at rest", clients: 8000, rest: 10 * time.Second,
		servers: []string{ours, node2}},
}

func rowOf(name string) row {
	for _, r := range fullRows {
		if r.name == name {
			return r
		}
	}
	return row{title: name}
}

// senders is how many clients send the messages in turn.
const senders = 20

// abuse is which clients misbehave.
func (r row) abuse(addr string) load.AbuseArgs {
	return load.AbuseArgs{
		Addr: addr, Stalled: min(200, r.clients), Unpolled: min(200, r.clients), Flooders: 10, PerSecond: 10, Bytes: 1000,
	}
}

// traffic is what the row measures.
func (r row) traffic() load.TrafficArgs {
	return load.TrafficArgs{
		Messages: max(int(r.rate*r.window.Seconds()), 1), PerSecond: r.rate, Senders: min(r.clients, senders), Drain: drain,
	}
}

// warmUp is traffic that does not count: some 100,000 deliveries at a rate that every server can hold. Meanwhile a
// JavaScript server compiles its code, every server's heap grows to its size, and each sender sends once.
func (r row) warmUp() load.TrafficArgs {
	n := min(max(100_000/r.clients, senders), 100)
	return load.TrafficArgs{
		Messages: n, PerSecond: min(50_000/float64(r.clients), 50), Senders: min(r.clients, senders), Drain: 2 * drain,
	}
}

// estimate is about how long one measurement of the row takes.
func (r row) estimate() time.Duration {
	d := 2*time.Second + time.Duration(r.clients)*time.Millisecond/3 + r.rest + r.window
	if r.bystanders > 0 {
		d += time.Duration(r.clients)*time.Millisecond/2 + r.rest
	}
	if r.abused {
		d += r.window + 2*time.Second
	}
	if r.rate > 0 && !r.relayAlone {
		w := r.warmUp()
		d += time.Duration(float64(w.Messages)/w.PerSecond*1e9) + 500*time.Millisecond
	}
	return d
}

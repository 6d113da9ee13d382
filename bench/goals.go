package main

import "fmt"

// goal is one line of the list that the project wants to reach. Where it has a peer, its bounds are ratios to the
// peer's figure of the same round; where not, they are absolute.
type goal struct {
	what      string
	row, key  string
	peer      string
	must, aim float64
	atLeast   bool // the bounds are to be reached from above
	worst     bool // every round must hold, not the median
}

var goals = []goal{
	{what: "CPU per delivery, sparse", row: "sparse", key: "cpu", peer: floor, must: 1.2, aim: 1.05},
	{what: "CPU per delivery, sparse", row: "sparse", key: "cpu", peer: node2, must: 0.65, aim: 0.55},
	{what: "median delay, sparse", row: "sparse", key: "p50", peer: floor, must: 2, aim: 1.2},
	{what: "CPU per delivery, 150 lines/s", row: "dense", key: "cpu", peer: node2, must: 0.65, aim: 0.35},
	{what: "median delay, 150 lines/s", row: "dense", key: "p50", peer: node2, must: 0.5, aim: 0.1},
	{what: "faults, 400 lines/s", row: "400", key: "faults", worst: true},
	{what: "median delay, 400 lines/s", row: "400", key: "p50", peer: node2, must: 0.05, aim: 0.01},
	{what: "faults, 1,000 lines/s", row: "1000", key: "faults", worst: true},
	{what: "p99 delay, 1,000 lines/s", row: "1000", key: "p99", must: 1000, aim: 100},
	{what: "idle memory per connection", row: "idle", key: "memory", peer: node2, must: 1.1, aim: 0.5},
	{what: "connections accepted a second", row: "idle", key: "accept", peer: node2, must: 2, aim: 4, atLeast: true},
	{what: "median delay, two clients", row: "pair", key: "p50", peer: node2, must: 1, aim: 0.8},
	{what: "faults, sparse", row: "sparse", key: "faults", worst: true},
	{what: "faults, 150 lines/s", row: "dense", key: "faults", worst: true},
	{what: "faults, 15,000 clients held", row: "hold", key: "faults", worst: true},
}

// verdict is what the results say of a goal.
type verdict struct {
	goal
	value     float64
	low, high float64
	must, aim bool
	measured  bool
}

func (r results) judge(g goal) verdict {
	v := verdict{goal: g}
	s := r.spread(g.row, ours, g.key)
	if g.peer != "" {
		s = r.ratio(g.row, ours, g.peer, g.key)
	}
	if v.measured = s.N > 0; !v.measured {
		return v
	}
	v.value, v.low, v.high = s.Median, s.Min, s.Max
	if g.worst {
		v.value = s.Max
	}
	v.must, v.aim = g.reached(v.value, g.must), g.reached(v.value, g.aim)
	return v
}

func (g goal) reached(value, bound float64) bool {
	if g.atLeast {
		return value >= bound
	}
	return value <= bound
}

// bound is how a must or an aim reads.
func (g goal) bound(v float64) string {
	sign := "≤ "
	switch {
	case g.worst:
		return "none"
	case g.atLeast:
		sign = "≥ "
	}
	if g.peer != "" {
		return fmt.Sprintf("%s%.4g × %s", sign, v, short(g.peer))
	}
	return fmt.Sprintf("%s%.4g %s", sign, v, metrics[g.key].unit)
}

// short is a server's name where there is little room.
func short(server string) string {
	switch server {
	case floor:
		return "loop"
	case node2:
		return "Node 2.1.1"
	case node4:
		return "Node 4.8"
	}
	return server
}

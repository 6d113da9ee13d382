package main

import "fmt"

// goal is a bound on a figure. Where it names a server to compare with, the bound is on the median of the ratios within
// each round; elsewhere it is absolute.
type goal struct {
	what      string
	row, key  string
	to        string
	must, aim float64
	atLeast   bool // the bounds are lower bounds
	worst     bool // every round must reach it, not the median
}

var goals = []goal{
	{what: "CPU per delivery, sparse", row: "sparse", key: "cpu", to: loop, must: 1.2, aim: 1.05},
	{what: "CPU per delivery, sparse", row: "sparse", key: "cpu", to: node2, must: 0.65, aim: 0.55},
	{what: "median delay, sparse", row: "sparse", key: "p50", to: loop, must: 2, aim: 1.2},
	{what: "CPU per delivery, dense", row: "dense", key: "cpu", to: node2, must: 0.65, aim: 0.35},
	{what: "median delay, dense", row: "dense", key: "p50", to: node2, must: 0.5, aim: 0.1},
	{what: "faults, 400 messages/s", row: "400", key: "faults", worst: true},
	{what: "median delay, 400 messages/s", row: "400", key: "p50", to: node2, must: 0.05, aim: 0.01},
	{what: "faults, 1,000 messages/s", row: "1000", key: "faults", worst: true},
	{what: "p99 delay, 1,000 messages/s", row: "1000", key: "p99", must: 1000, aim: 100},
	{what: "idle memory per connection", row: "idle", key: "memory", to: node2, must: 1.1, aim: 0.5},
	{what: "connections accepted a second", row: "idle", key: "accept", to: node2, must: 2, aim: 4, atLeast: true},
	{what: "median delay, two clients", row: "pair", key: "p50", to: node2, must: 1, aim: 0.8},
	{what: "faults, sparse", row: "sparse", key: "faults", worst: true},
	{what: "faults, dense", row: "dense", key: "faults", worst: true},
	{what: "faults, two nodes", row: "relay", key: "faults", worst: true},
	{what: "median delay, relay alone", row: "publish", key: "p50", to: barePublish, must: 1.5, aim: 1.3},
	{what: "faults, 15,000 clients held", row: "hold", key: "faults", worst: true},
	{what: "p99 delay beside clients that misbehave", row: "abused", key: "abused", must: 1.5, aim: 1.2},
	{what: "faults beside clients that misbehave", row: "abused", key: "faults", worst: true},
	{what: "messages missed by bystanders of a storm", row: "storm", key: "missed", worst: true},
}

// verdict is what the results say of a goal.
type verdict struct {
	goal
	spread
	value               float64
	mustReached, aimHit bool
}

func (r results) judge(g goal) verdict {
	v := verdict{goal: g, spread: r.spread(g.row, ours, g.key)}
	if g.to != "" {
		v.spread = r.ratio(g.row, ours, g.to, g.key)
	}
	if v.n == 0 {
		return v
	}
	v.value = v.median
	if g.worst {
		v.value = v.max
	}
	v.mustReached, v.aimHit = g.reached(v.value, g.must), g.reached(v.value, g.aim)
	return v
}

func (g goal) reached(value, bound float64) bool {
	if g.atLeast {
		return value >= bound
	}
	return value <= bound
}

// bound formats must or aim.
func (g goal) bound(v float64) string {
	sign := "≤"
	switch {
	case g.worst:
		return "none"
	case g.atLeast:
		sign = "≥"
	}
	if g.to != "" {
		return fmt.Sprintf("%s %.4g × %s", sign, v, map[string]string{loop: "loop", node2: "Node 2.1.1", barePublish: "bare PUBLISH"}[g.to])
	}
	return fmt.Sprintf("%s %.4g %s", sign, v, metricOf(g.key).unit)
}

// cells are the verdict's columns in a table.
func (v verdict) cells() []string {
	cells := []string{v.what, v.bound(v.must), "", "not measured", "", ""}
	if !v.worst {
		cells[2] = v.bound(v.aim)
	}
	if v.n == 0 {
		return cells
	}
	switch {
	case v.worst:
		cells[3] = digits(v.value)
	case v.to != "":
		cells[3] = fmt.Sprintf("%.3g × (%.3g–%.3g)", v.value, v.min, v.max)
	default:
		cells[3] = figure(v.value, metricOf(v.key).unit)
	}
	answer := map[bool]string{true: "yes", false: "**no**"}
	cells[4] = answer[v.mustReached]
	if !v.worst {
		cells[5] = answer[v.aimHit]
	}
	return cells
}

package main

import (
	"fmt"

	"tsunagu/bench/plot"
)

// panels are the figures worth a picture.
var panels = []struct{ title, row, key string }{
	{"Server CPU per delivery, sparse", "sparse", "cpu"},
	{"Server CPU per delivery, dense", "dense", "cpu"},
	{"Median delay, sparse", "sparse", "p50"},
	{"Median delay, dense", "dense", "p50"},
	{"Median delay, flooded", "400", "p50"},
	{"99th percentile of the delay, flooded", "1000", "p99"},
	{"Memory per idle connection", "idle", "memory"},
	{"Connections accepted a second", "idle", "accept"},
}

// chart draws what was measured; a panel or bar without a figure is left out.
func (r results) chart() plot.Chart {
	c := plot.Chart{Title: "Chat lines from one to many, server against server", Foot: r.Machine + ". Missing: not delivered within 5 s after the last line."}
	rounds := 0
	for _, p := range panels {
		panel := plot.Panel{Title: p.title, Note: title(p.row)}
		for _, s := range servers {
			spread := r.spread(p.row, s.name, p.key)
			if spread.N == 0 {
				continue
			}
			rounds = max(rounds, spread.N)
			class := "other"
			if s.name == ours || s.name == floor {
				class = s.name
			}
			panel.Bars = append(panel.Bars, plot.Bar{
				Label: s.title, Text: figure(spread.Median, metrics[p.key].unit) + r.missing(p.row, s.name, p.key),
				Value: spread.Median, Low: spread.Min, High: spread.Max, Class: class,
			})
		}
		if len(panel.Bars) > 0 {
			c.Panels = append(c.Panels, panel)
		}
	}
	c.Note = fmt.Sprintf("Shorter is better, except in the last panel. Medians of %d rounds; thin lines go from the lowest to the highest.", rounds)
	return c
}

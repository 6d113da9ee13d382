package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// chart is a picture of several panels, two side by side.
type chart struct {
	title, note, foot string
	panels            []panel
}

// panel compares one figure. All its bars begin at zero.
type panel struct {
	title, note string
	bars        []bar
}

// bar is one server's figure.
type bar struct {
	server server
	text   string // the figure in words
	spread        // drawn as a thin line
}

// panels are the figures that the picture shows.
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

// chart leaves panels and bars without a figure out.
func (r results) chart() chart {
	c := chart{
		title: "Chat messages from one to many, server against server",
		foot:  r.Machine + ". Missing: not delivered within 5 s after the last message.",
	}
	rounds := 0
	for _, p := range panels {
		panel := panel{title: p.title, note: rowOf(p.row).title}
		for _, s := range servers {
			if spread := r.spread(p.row, s.name, p.key); spread.n > 0 {
				rounds = max(rounds, spread.n)
				text := figure(spread.median, metricOf(p.key).unit) + r.missing(p.row, s.name, p.key)
				panel.bars = append(panel.bars, bar{s, text, spread})
			}
		}
		if len(panel.bars) > 0 {
			c.panels = append(c.panels, panel)
		}
	}
	c.note = fmt.Sprintf("Shorter is better, except in the last panel. Medians of up to %d rounds; thin lines go from the lowest to the highest.", rounds)
	return c
}

const (
	width     = 960
	margin    = 28
	gutter    = 36
	column    = (width - 2*margin - gutter) / 2
	labels    = 150 // left of the bars
	char      = 7   // about the width of one
	barHeight = 15
	step      = 23
	panelHead = 44
	panelGap  = 26
	chartHead = 86
	chartFoot = 34
)

// The colours are those of light pages; those of dark pages replace them where the reader's system is dark.
const style = `
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.page{fill:#ffffff;stroke:#d0d7de}.title{font-size:19px;font-weight:600}.head{font-size:14px;font-weight:600}
.note{font-size:12px;fill:#57606a}.mine{font-weight:600}.end{text-anchor:end}
.axis{stroke:#8c959f}.spread{stroke:#24292f;stroke-width:1.5}
rect{fill:#9aa5b1}.ours{fill:#0a7ea4}.nouring{fill:#6db3ca}.loop{fill:#b7a36a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117;stroke:#30363d}.note{fill:#9198a1}
.axis{stroke:#6e7681}.spread{stroke:#e6edf3}rect{fill:#5b6673}.ours{fill:#2fb5dd}.nouring{fill:#21718a}.loop{fill:#a08c52}}
`

// svg draws the chart on a background of its own, legible on light pages and on dark ones.
func (c chart) svg() []byte {
	var body strings.Builder
	y := chartHead
	for i := 0; i < len(c.panels); i += 2 {
		tallest := 0
		for j, p := range c.panels[i:min(i+2, len(c.panels))] {
			p.draw(&body, margin+j*(column+gutter), y)
			tallest = max(tallest, p.height())
		}
		y += tallest + panelGap
	}
	height := y - panelGap + chartFoot + 12
	var w strings.Builder
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`,
		width, height, width, height, escape(c.title))
	fmt.Fprintf(&w, "<style>%s</style>\n", style)
	fmt.Fprintf(&w, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	text(&w, margin, 36, "title", c.title)
	text(&w, margin, 58, "note", c.note)
	w.WriteString(body.String())
	text(&w, margin, height-18, "note", c.foot)
	w.WriteString("</svg>\n")
	return []byte(w.String())
}

func (p panel) height() int { return panelHead + len(p.bars)*step }

func (p panel) draw(w *strings.Builder, x, y int) {
	text(w, x, y+14, "head", p.title)
	text(w, x, y+31, "note", p.note)
	longest, words := 0.0, 0
	for _, b := range p.bars {
		longest = max(longest, b.median, b.max)
		words = max(words, utf8.RuneCountInString(b.text)*char)
	}
	if longest <= 0 {
		longest = 1
	}
	zero, room := float64(x+labels), float64(column-labels-words-16)
	at := func(v float64) float64 { return zero + room*max(v, 0)/longest }
	for i, b := range p.bars {
		top := y + panelHead + i*step
		class := "label"
		if b.server.name == ours {
			class = "label mine"
		}
		text(w, x+labels-8, top+barHeight-3, class+" end", b.server.title)
		fmt.Fprintf(w, `<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n",
			b.server.name, zero, top, max(at(b.median)-zero, 1), barHeight)
		if b.max > b.min {
			fmt.Fprintf(w, `<path class="spread" d="M%.1f %.1fH%.1f"/>`+"\n", at(b.min), float64(top)+float64(barHeight)/2, at(b.max))
		}
		text(w, int(at(max(b.median, b.max)))+7, top+barHeight-3, class, b.text)
	}
	fmt.Fprintf(w, `<path class="axis" d="M%.1f %dV%d"/>`+"\n", zero, y+panelHead-4, y+p.height()-step+barHeight+4)
}

func text(w *strings.Builder, x, y int, class, s string) {
	fmt.Fprintf(w, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, y, class, escape(s))
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// Package plot draws small multiples of horizontal bars as an SVG of its own background, legible on light pages and on
// dark ones.
package plot

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Chart is a picture of several panels.
type Chart struct {
	Title  string
	Note   string // under the title
	Foot   string // under everything
	Panels []Panel
}

// Panel compares one figure. All its bars begin at zero.
type Panel struct {
	Title string
	Note  string
	Bars  []Bar
}

// Bar is one server's figure.
type Bar struct {
	Label     string
	Text      string // what the figure reads
	Value     float64
	Low, High float64 // its spread, drawn as a thin line
	Class     string  // ours, floor or other
}

const (
	width     = 960
	margin    = 28
	gutter    = 36
	column    = (width - 2*margin - gutter) / 2
	labels    = 150 // left of the bars
	char      = 7   // about the width of one
	bar       = 15
	step      = 23
	panelHead = 44
	panelGap  = 26
	chartHead = 86
	chartFoot = 34
)

// The colours of light pages stand first, those of dark ones take over where the reader's system is dark.
const style = `
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.page{fill:#ffffff;stroke:#d0d7de}.title{font-size:19px;font-weight:600}.head{font-size:14px;font-weight:600}
.note{font-size:12px;fill:#57606a}.mine{font-weight:600}
.axis{stroke:#8c959f}.spread{stroke:#24292f;stroke-width:1.5}
.ours{fill:#0a7ea4}.floor{fill:#b7a36a}.other{fill:#9aa5b1}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117;stroke:#30363d}.note{fill:#9198a1}
.axis{stroke:#6e7681}.spread{stroke:#e6edf3}.ours{fill:#2fb5dd}.floor{fill:#a08c52}.other{fill:#5b6673}}
`

// SVG draws the chart.
func (c Chart) SVG() []byte {
	var body strings.Builder
	y := chartHead
	for i := 0; i < len(c.Panels); i += 2 {
		tallest := 0
		for j, p := range c.Panels[i:min(i+2, len(c.Panels))] {
			p.draw(&body, margin+j*(column+gutter), y)
			tallest = max(tallest, p.height())
		}
		y += tallest + panelGap
	}
	height := y - panelGap + chartFoot + 12
	var w strings.Builder
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`,
		width, height, width, height, escape(c.Title))
	fmt.Fprintf(&w, "<style>%s</style>\n", style)
	fmt.Fprintf(&w, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	text(&w, margin, 36, "title", "", c.Title)
	text(&w, margin, 58, "note", "", c.Note)
	w.WriteString(body.String())
	text(&w, margin, height-18, "note", "", c.Foot)
	w.WriteString("</svg>\n")
	return []byte(w.String())
}

func (p Panel) height() int { return panelHead + len(p.Bars)*step }

func (p Panel) draw(w *strings.Builder, x, y int) {
	text(w, x, y+14, "head", "", p.Title)
	text(w, x, y+31, "note", "", p.Note)
	longest, words := 0.0, 0
	for _, b := range p.Bars {
		longest = max(longest, b.Value, b.High)
		words = max(words, utf8.RuneCountInString(b.Text)*char)
	}
	if longest <= 0 {
		longest = 1
	}
	zero, room := float64(x+labels), float64(column-labels-words-16)
	at := func(v float64) float64 { return zero + room*max(v, 0)/longest }
	for i, b := range p.Bars {
		top := y + panelHead + i*step
		class := ""
		if b.Class == "ours" {
			class = "mine"
		}
		text(w, x+labels-8, top+bar-3, class, "end", b.Label)
		fmt.Fprintf(w, `<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n",
			escape(b.Class), zero, top, max(at(b.Value)-zero, 1), bar)
		if b.High > b.Low {
			fmt.Fprintf(w, `<path class="spread" d="M%.1f %.1fH%.1f"/>`+"\n", at(b.Low), float64(top)+float64(bar)/2, at(b.High))
		}
		text(w, int(at(max(b.Value, b.High)))+7, top+bar-3, class, "", b.Text)
	}
	fmt.Fprintf(w, `<path class="axis" d="M%.1f %dV%d"/>`+"\n", zero, y+panelHead-4, y+p.height()-step+bar+4)
}

func text(w *strings.Builder, x, y int, class, anchor, s string) {
	fmt.Fprintf(w, `<text x="%d" y="%d"`, x, y)
	if class != "" {
		fmt.Fprintf(w, ` class="%s"`, class)
	}
	if anchor != "" {
		fmt.Fprintf(w, ` text-anchor="%s"`, anchor)
	}
	fmt.Fprintf(w, ">%s</text>\n", escape(s))
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// elements parses the picture and returns its elements; it fails where that is no well-formed XML.
func elements(t *testing.T, svg []byte) (out []xml.StartElement) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			out = append(out, e.Copy())
		}
	}
}

func number(t *testing.T, e xml.StartElement, name string) float64 {
	t.Helper()
	for _, a := range e.Attr {
		if a.Name.Local == name {
			v, err := strconv.ParseFloat(a.Value, 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s=%q", name, a.Value)
			}
			return v
		}
	}
	return 0
}

func TestChartIsWellFormedAndInsideThePage(t *testing.T) {
	for panels := range 6 {
		c := chart{title: `a <b> & "c"`, note: "1 < 2", foot: "'x' & y"}
		for i := range panels {
			p := panel{title: "<panel>", note: "& more"}
			for j := range i {
				v := float64(j)
				p.bars = append(p.bars, bar{servers[j], "<1 µs>", spread{v, v / 2, v * 2, 3}})
			}
			c.panels = append(c.panels, p)
		}
		all := elements(t, c.svg())
		height := number(t, all[0], "height")
		for _, e := range all[1:] {
			if y := number(t, e, "y"); y < 0 || y > height || number(t, e, "x") > width {
				t.Errorf("%d panels: %s lies outside", panels, fmt.Sprint(e))
			}
		}
	}
}

func TestBarsAreInProportion(t *testing.T) {
	p := panel{bars: []bar{{server: server{name: ours}, spread: spread{median: 10}}, {server: server{name: node2}, spread: spread{median: 40}}, {server: server{name: loop}}}}
	widths := map[string]float64{}
	for _, e := range elements(t, chart{panels: []panel{p}}.svg()) {
		if e.Name.Local == "rect" {
			widths[e.Attr[0].Value] = number(t, e, "width")
		}
	}
	if math.Abs(widths[node2]/widths[ours]-4) > 0.01 || widths[loop] > 1 {
		t.Errorf("%v", widths)
	}
}

func TestDarkAndLight(t *testing.T) {
	if svg := string(chart{}.svg()); !strings.Contains(svg, "prefers-color-scheme:dark") || !strings.Contains(svg, `class="page"`) {
		t.Error("no colours for dark pages, or no background")
	}
}

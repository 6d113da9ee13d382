package plot

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

func TestWellFormedAndInsideThePage(t *testing.T) {
	for panels := range 6 {
		c := Chart{Title: `a <b> & "c"`, Note: "1 < 2", Foot: "'x' & y"}
		for i := range panels {
			p := Panel{Title: "<panel>", Note: "& more"}
			for j := range i {
				p.Bars = append(p.Bars, Bar{Label: "<&>", Text: "1 µs", Value: float64(j), Low: float64(j) / 2, High: float64(j) * 2, Class: "ours"})
			}
			c.Panels = append(c.Panels, p)
		}
		all := elements(t, c.SVG())
		height := number(t, all[0], "height")
		for _, e := range all[1:] {
			if y := number(t, e, "y"); y < 0 || y > height || number(t, e, "x") > width {
				t.Errorf("%d panels: %s lies outside", panels, fmt.Sprint(e))
			}
		}
	}
}

func TestBarsAreInProportion(t *testing.T) {
	svg := Chart{Panels: []Panel{{Bars: []Bar{{Value: 10, Class: "ours"}, {Value: 40, Class: "other"}, {Value: 0, Class: "floor"}}}}}.SVG()
	widths := map[string]float64{}
	for _, e := range elements(t, svg) {
		if e.Name.Local == "rect" {
			widths[e.Attr[0].Value] = number(t, e, "width")
		}
	}
	if math.Abs(widths["other"]/widths["ours"]-4) > 0.01 || widths["floor"] > 1 {
		t.Errorf("%v", widths)
	}
}

func TestDarkAndLight(t *testing.T) {
	if svg := string(Chart{}.SVG()); !strings.Contains(svg, "prefers-color-scheme:dark") || !strings.Contains(svg, `class="page"`) {
		t.Error("no colours for dark pages, or no background")
	}
}

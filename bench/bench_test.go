package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tsunagu/bench/load"
)

// madeUp are results in which ours takes half of Node's time in every row, on a machine that gets slower.
func madeUp(rounds int) results {
	r := results{Machine: "a machine"}
	for _, row := range fullRows {
		for round := range rounds {
			slow := float64(1 + round)
			for _, server := range row.servers {
				f := map[string]float64{ours: 1, noUring: 1.5, loop: 1, node2: 2, node4: 2, goSocketIO: 4, barePublish: 1}[server] * slow
				s := sample{Row: row.name, Server: server, Round: round, Clients: row.clients}
				if row.rest > 0 {
					s.AcceptPerSecond, s.BeforeKB, s.RestKB = 10000/f, 1000, 1000+int64(10*f*float64(row.clients))
				}
				if row.rate > 0 {
					n := int64(max(row.clients, 1)) * int64(row.traffic().Messages)
					s.Window = window{Seconds: 10, Server: f * float64(n) / 1e6}
					s.Traffic = &load.Traffic{Expected: n, Delivered: n, PerSecond: 1e5,
						P50: time.Duration(f) * time.Millisecond, P99: time.Duration(f) * 2 * time.Millisecond}
				}
				if row.abused {
					s.Calm, s.PeakKB = s.Traffic, 1000
				}
				if row.bystanders > 0 {
					s.Storm = &storm{Storm: load.Storm{Seconds: f, Gap: time.Duration(f) * time.Millisecond, Expected: 100, Received: 100}}
				}
				r.Samples = append(r.Samples, s)
			}
		}
	}
	return r
}

func verdictOf(t *testing.T, r results, what, to string) verdict {
	t.Helper()
	for _, g := range goals {
		if g.what == what && g.to == to {
			return r.judge(g)
		}
	}
	t.Fatalf("no goal %q", what)
	return verdict{}
}

func TestVerdicts(t *testing.T) {
	r := madeUp(5)
	v := verdictOf(t, r, "CPU per delivery, sparse", node2)
	if v.value != 0.5 || !v.mustReached || !v.aimHit {
		t.Errorf("%+v", v)
	}
	if v = verdictOf(t, r, "connections accepted a second", node2); v.value != 2 || !v.mustReached || v.aimHit {
		t.Errorf("more is better: %+v", v)
	}
	if v = verdictOf(t, r, "median delay, 400 messages/s", node2); v.mustReached {
		t.Errorf("0.5 passes for 0.05: %+v", v)
	}
	if v = verdictOf(t, r, "faults, 15,000 clients held", ""); v.n == 0 || !v.mustReached {
		t.Errorf("%+v", v)
	}
	if v = verdictOf(t, results{}, "faults, sparse", ""); (v.n > 0) || v.mustReached {
		t.Errorf("a goal that was not measured is reached: %+v", v)
	}
}

func TestOneFaultInOneRoundIsOne(t *testing.T) {
	for name, spoil := range map[string]func(*sample){
		"undelivered": func(s *sample) { s.Traffic.Undelivered++ },
		"doubled":     func(s *sample) { s.Traffic.Duplicates++ },
		"disordered":  func(s *sample) { s.Traffic.Disorder++ },
		"changed":     func(s *sample) { s.Traffic.Foreign++ },
		"lost":        func(s *sample) { s.Traffic.Lost++ },
		"silent":      func(s *sample) { s.Silent++ },
	} {
		r := madeUp(5)
		for i := range r.Samples {
			if s := &r.Samples[i]; s.Row == "1000" && s.Server == ours && s.Round == 3 {
				spoil(s)
			}
		}
		if v := verdictOf(t, r, "faults, 1,000 messages/s", ""); v.mustReached || v.value != 1 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestFailedSamplesCountNowhere(t *testing.T) {
	r := madeUp(5)
	r.Samples[0].Failed = "died"
	if n := r.spread(r.Samples[0].Row, r.Samples[0].Server, "cpu").n; n != 4 {
		t.Errorf("%d rounds", n)
	}
	if err := r.complete(); err == nil {
		t.Error("a run with a failure reaches the README")
	}
}

func TestReadmeTakesFullRunsOnly(t *testing.T) {
	if err := madeUp(5).complete(); err != nil {
		t.Error(err)
	}
	short, trial := madeUp(5), madeUp(5)
	short.Short, trial.Trial = true, true
	for name, r := range map[string]results{"four rounds": madeUp(4), "short": short, "trial": trial} {
		if r.complete() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestReadmeGetsTheFiguresBetweenItsMarkers(t *testing.T) {
	for _, name := range []string{"README.md", "README.ja.md"} {
		file := filepath.Join(t.TempDir(), name)
		_ = os.WriteFile(file, []byte("# Title\n"+markBegin+markEnd+"\nrest\n"), 0o644)
		for range 2 { // the second time there are figures to replace
			if err := report(options{readme: []string{file}}, madeUp(5)); err != nil {
				t.Fatal(err)
			}
			b, _ := os.ReadFile(file)
			begin, end := "# Title\n"+markBegin+"\n|", markEnd+"\nrest\n"
			if text := string(b); !strings.HasPrefix(text, begin) || !strings.HasSuffix(text, end) || strings.Count(text, markBegin) != 1 ||
				!strings.Contains(text, "0.50 ×") || !strings.Contains(text, "0.75 ×") || !strings.Contains(text, "a machine") {
				t.Errorf("%s", text)
			}
		}
		_ = os.WriteFile(file, []byte("no markers"), 0o644)
		if err := madeUp(5).intoReadme(file); err == nil {
			t.Errorf("%s without markers is overwritten", name)
		}
	}
}

// The figures of the first screen are those of the tables, in both languages.
func TestReadmesShowTheLastFigures(t *testing.T) {
	tables, err := os.ReadFile("../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown [][]string
	for _, file := range []string{"../README.md", "../docs/README.ja.md"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok1 := strings.Cut(string(b), markBegin)
		text, _, ok2 := strings.Cut(rest, markEnd)
		figures := regexp.MustCompile(`[0-9][0-9.,]* (?:µs|ms|s|KB|%|×)`).FindAllString(text, -1)
		if !ok1 || !ok2 || len(figures) < 10 {
			t.Fatalf("%s shows %d figures between its markers", file, len(figures))
		}
		for _, f := range figures {
			if !strings.Contains(string(tables), f) {
				t.Errorf("%s shows %s, which docs/bench.md does not", file, f)
			}
		}
		shown = append(shown, figures)
	}
	if !slices.Equal(shown[0], shown[1]) {
		t.Errorf("the READMEs differ: %q and %q", shown[0], shown[1])
	}
}

func TestRunsStayWithinTheirTime(t *testing.T) {
	for _, c := range []struct {
		rows   []row
		rounds int
		limit  time.Duration
	}{{fullRows, 5, 37 * time.Minute}, {shortRows, 1, 110 * time.Second}} {
		sum := time.Duration(0)
		for _, r := range c.rows {
			if r.rounds == 0 {
				r.rounds = c.rounds
			}
			sum += time.Duration(r.rounds*len(r.servers)) * r.estimate()
			if r.clients >= 20000 || len(r.servers) == 0 || r.servers[0] != ours {
				t.Errorf("row %+v", r)
			}
		}
		if sum > c.limit {
			t.Errorf("%d rows are estimated at %v", len(c.rows), sum)
		}
	}
}

func TestEveryGoalIsMeasured(t *testing.T) {
	r := madeUp(5)
	for _, g := range goals {
		if r.judge(g).n == 0 {
			t.Errorf("%+v", g)
		}
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct {
		v          float64
		unit, want string
	}{
		{0, "", "0"}, {0.0123, "ms", "0.01 ms"}, {8.049, "µs", "8.05 µs"}, {42.26, "KB", "42.3 KB"}, {999.6, "", "1,000"},
		{1234, "ms", "1.23 s"}, {1234567, "", "1,234,567"}, {123, "", "123"},
	} {
		if got := figure(c.v, c.unit); got != c.want {
			t.Errorf("%v %s: %q, not %q", c.v, c.unit, got, c.want)
		}
	}
	for want, s := range map[string]spread{
		"900 ms (1.00 ms–2.00 s)": {900, 1, 2000, 3},
		"2.00 ms (1.00–3.00 ms)":  {2, 1, 3, 3},
		"7.00 ms":                 {7, 7, 7, 1},
	} {
		if got := ranged(s, "ms"); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestTablesHoldTogether(t *testing.T) {
	r := madeUp(5)
	for _, text := range []string{r.table(), r.verdicts()} {
		bars := 0
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			n := strings.Count(line, "|")
			if bars == 0 {
				bars = n
			}
			if n != bars {
				t.Errorf("%d cells instead of %d: %s", n-1, bars-1, line)
			}
		}
		if bars == 0 || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s", text)
		}
	}
	if n := len(r.chart().panels); n != len(panels) {
		t.Errorf("%d panels of %d", n, len(panels))
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3, 1}},
		{[]float64{9, 1}, spread{5, 1, 9, 2}},
		{[]float64{9, 1, 2}, spread{2, 1, 9, 3}},
		{[]float64{4, 9, 1, 2}, spread{3, 1, 9, 4}},
	} {
		if got := over(c.in); got != c.want {
			t.Errorf("%v: %v, not %v", c.in, got, c.want)
		}
	}
}

func TestRatiosPairRounds(t *testing.T) {
	var r results
	for server, rates := range map[string]map[int]float64{ours: {0: 1, 1: 20, 2: 3, 3: 7}, node2: {0: 2, 1: 10, 4: 1}} {
		for round, rate := range rates {
			r.Samples = append(r.Samples, sample{Row: "pair", Server: server, Round: round, Traffic: &load.Traffic{PerSecond: rate}})
		}
	}
	if got, want := r.ratio("pair", ours, node2, "rate"), (spread{1.25, 0.5, 2, 2}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestChosenRows(t *testing.T) {
	rows, err := chosen(options{only: []string{"dense", "relay"}, servers: []string{ours, noUring}, clients: 100})
	if err != nil || len(rows) != 2 || !slices.Equal(rows[0].servers, []string{ours, noUring}) || !slices.Equal(rows[1].servers, []string{ours}) ||
		rows[0].clients != 100 || rows[0].rounds != 5 || rows[1].rounds != 3 {
		t.Errorf("%+v, %v", rows, err)
	}
	for name, o := range map[string]options{
		"an unknown row":              {only: []string{"sparse", "dens"}},
		"an unknown server":           {servers: []string{"theirs"}},
		"a row without these servers": {only: []string{"hold"}, servers: []string{node2}},
	} {
		if rows, err := chosen(o); err == nil {
			t.Errorf("%s gives %+v", name, rows)
		}
	}
}

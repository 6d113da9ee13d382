package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tsunagu/bench/load"
	"tsunagu/bench/stats"
)

// made up: ours takes half of Node's time in every row, and its rounds vary.
func madeUp(rounds int) results {
	r := results{Machine: "a machine"}
	for _, row := range fullRows {
		for round := range rounds {
			slow := float64(1 + round) // a machine that gets slower does not move the ratios
			for _, server := range row.servers {
				f := map[string]float64{ours: 1, floor: 1, node2: 2, node4: 2, port: 4}[server] * slow
				s := sample{Row: row.name, Server: server, Round: round, Clients: row.clients, Window: 10}
				if row.rest > 0 {
					s.AcceptPerSecond, s.BeforeKB, s.RestKB = 10000/f, 1000, 1000+int64(10*f*float64(row.clients))
				}
				if row.rate > 0 {
					n := int64(row.clients) * int64(row.lines().Lines)
					s.CPU = f * float64(n) / 1e6
					s.Traffic = &load.Traffic{Expected: n, Delivered: n, PerSecond: 1e5,
						P50: time.Duration(f) * time.Millisecond, P99: time.Duration(f) * 2 * time.Millisecond}
				}
				r.Samples = append(r.Samples, s)
			}
		}
	}
	return r
}

func verdictOf(t *testing.T, r results, what, peer string) verdict {
	t.Helper()
	for _, g := range goals {
		if g.what == what && g.peer == peer {
			return r.judge(g)
		}
	}
	t.Fatalf("no goal %q", what)
	return verdict{}
}

func TestVerdicts(t *testing.T) {
	r := madeUp(5)
	v := verdictOf(t, r, "CPU per delivery, sparse", node2)
	if v.value != 0.5 || !v.must || !v.aim {
		t.Errorf("%+v", v)
	}
	if v = verdictOf(t, r, "connections accepted a second", node2); v.value != 2 || !v.must || v.aim {
		t.Errorf("more is better: %+v", v)
	}
	if v = verdictOf(t, r, "median delay, 400 lines/s", node2); v.must {
		t.Errorf("0.5 passes for 0.05: %+v", v)
	}
	if v = verdictOf(t, r, "faults, 15,000 clients held", ""); !v.measured || !v.must {
		t.Errorf("%+v", v)
	}
	if v = verdictOf(t, results{}, "faults, sparse", ""); v.measured || v.must {
		t.Errorf("what was not measured is not reached: %+v", v)
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
		if v := verdictOf(t, r, "faults, 1,000 lines/s", ""); v.must || v.value != 1 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestFailedSamplesCountNowhere(t *testing.T) {
	r := madeUp(5)
	r.Samples[0].Failed = "died"
	if n := r.spread(r.Samples[0].Row, r.Samples[0].Server, "cpu").N; n != 4 {
		t.Errorf("%d rounds", n)
	}
	if err := r.fitForReadme(); err == nil {
		t.Error("a run with a failure reaches the README")
	}
}

func TestReadmeTakesWholeRunsOnly(t *testing.T) {
	if err := madeUp(5).fitForReadme(); err != nil {
		t.Error(err)
	}
	short, trial := madeUp(5), madeUp(5)
	short.Short, trial.Trial = true, true
	for name, r := range map[string]results{"four rounds": madeUp(4), "short": short, "trial": trial} {
		if r.fitForReadme() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestIntoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	_ = os.WriteFile(file, []byte("# Title\n"+markBegin+markEnd+"\nrest\n"), 0o644)
	for range 2 { // the second time there is a table to replace
		if err := intoFile(file, "| new |\n"); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(file)
		if want := "# Title\n" + markBegin + "\n| new |\n" + markEnd + "\nrest\n"; string(b) != want {
			t.Errorf("%q, not %q", b, want)
		}
	}
	_ = os.WriteFile(file, []byte("no markers"), 0o644)
	if err := intoFile(file, "x"); err == nil {
		t.Error("a file without markers is overwritten")
	}
}

func TestRunsStayWithinTheirTime(t *testing.T) {
	for _, c := range []struct {
		rows   []row
		rounds int
		limit  time.Duration
	}{{fullRows, 5, 33 * time.Minute}, {shortRows, 1, 110 * time.Second}} {
		sum := time.Duration(0)
		for _, r := range c.rows {
			sum += time.Duration(max(r.rounds, c.rounds)*len(r.servers)) * r.estimate()
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
		if !r.judge(g).measured {
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
	for want, s := range map[string]stats.Spread{
		"900 ms (1.00 ms–2.00 s)": {Median: 900, Min: 1, Max: 2000, N: 3},
		"2.00 ms (1.00–3.00 ms)":  {Median: 2, Min: 1, Max: 3, N: 3},
		"7.00 ms":                 {Median: 7, Min: 7, Max: 7, N: 1},
	} {
		if got := ranged(s, "ms"); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestTablesHoldTogether(t *testing.T) {
	r := madeUp(5)
	for _, text := range []string{r.long(), r.table(), r.verdicts()} {
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
	if n := len(r.chart().Panels); n != len(panels) {
		t.Errorf("%d panels of %d", n, len(panels))
	}
}

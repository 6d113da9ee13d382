package admin

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tsunagu/internal/panics"
)

func TestMetricsFollowTheConventions(t *testing.T) {
	r := newRegistry([]Node{newFakeNode(sampleFigures("1")), newFakeNode(sampleFigures("2"))}, panics.New(nil))
	problems, err := testutil.GatherAndLint(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "tsunagu_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// Each figure arrives under its name, for each node.
func TestMetrics(t *testing.T) {
	r := newRegistry([]Node{newFakeNode(sampleFigures("1")), newFakeNode(sampleFigures("2", "draining"))}, panics.New(nil))
	want := map[string]string{
		"tsunagu_ready": `{node="1"} 1|{node="2"} 0`,
		"tsunagu_sessions": `{eio="3",node="1",transport="polling"} 1|{eio="4",node="1",transport="websocket"} 2|` +
			`{eio="3",node="2",transport="polling"} 1|{eio="4",node="2",transport="websocket"} 2`,
		"tsunagu_listeners":                     both("14"),
		"tsunagu_messages_throttled_total":      both("22"),
		"tsunagu_sessions_limit":                both("23"),
		"tsunagu_connections":                   both("24"),
		"tsunagu_connections_limit":             both("25"),
		"tsunagu_event_queue_bytes":             both("28"),
		"tsunagu_sessions_paused":               both("29"),
		"tsunagu_connections_refused_total":     both("26"),
		"tsunagu_io_uring":                      both("1"),
		"tsunagu_redis_subscribed":              both("1"),
		"tsunagu_redis_log":                     both("1"),
		"tsunagu_redis_republished_lines_total": both("21"),
		"tsunagu_redis_waiting_lines":           both("19"),
		"tsunagu_redis_waiting_bytes":           both("20"),
		"tsunagu_sessions_opened_total":         `{eio="3",node="1"} 3|{eio="4",node="1"} 4|{eio="3",node="2"} 3|{eio="4",node="2"} 4`,
		"tsunagu_sessions_upgraded_total":       both("5"),
		"tsunagu_sessions_closed_total":         `{node="1",reason="ping timeout"} 6|{node="2",reason="ping timeout"} 6`,
		"tsunagu_requests_refused_total":        `{node="1",reason="bad request"} 7|{node="2",reason="bad request"} 7`,
		"tsunagu_messages_received_total":       both("8"),
		"tsunagu_received_bytes_total":          both("9"),
		"tsunagu_sent_bytes_total":              both("10"),
		"tsunagu_lines_accepted_total":          both("11"),
		"tsunagu_lines_delivered_total":         both("12"),
		"tsunagu_lines_dropped_total":           `{node="1",reason="no text"} 13|{node="2",reason="no text"} 13`,
		"tsunagu_panics_total":                  `{node="1",place="timer"} 27|{node="2",place="timer"} 27`,
		"tsunagu_redis_published_lines_total":   both("15"),
		"tsunagu_redis_reconnects_total":        both("16"),
		"tsunagu_redis_gaps_total":              both("17"),
		"tsunagu_redis_lost_lines_total":        both("18"),
	}
	for _, m := range slices.Concat(gauges, counters) {
		kind := "gauge"
		if slices.ContainsFunc(counters, func(c metric) bool { return c.name == m.name }) {
			kind = "counter"
		}
		expected := "# HELP " + m.name + " " + m.help + "\n# TYPE " + m.name + " " + kind + "\n"
		for line := range strings.SplitSeq(want[m.name], "|") {
			expected += m.name + line + "\n"
		}
		if err := testutil.GatherAndCompare(r, strings.NewReader(expected), m.name); err != nil {
			t.Error(err)
		}
		delete(want, m.name)
	}
	for name := range want {
		t.Errorf("there is no metric %s", name)
	}
}

func both(value string) string { return `{node="1"} ` + value + `|{node="2"} ` + value }

func TestDelaysAreCumulative(t *testing.T) {
	get := run(t, Config{Nodes: []Node{newFakeNode(sampleFigures("1"))}})
	_, body := get("/metrics")
	for _, line := range []string{
		`tsunagu_relay_delay_seconds_bucket{node="1",le="0.0005"} 0`,
		`tsunagu_relay_delay_seconds_bucket{node="1",le="0.001"} 21`,
		`tsunagu_relay_delay_seconds_bucket{node="1",le="60"} 21`,
		`tsunagu_relay_delay_seconds_sum{node="1"} 0.021`,
		`tsunagu_fanout_delay_seconds_bucket{node="1",le="0.0001"} 1`,
		`tsunagu_fanout_delay_seconds_bucket{node="1",le="60"} 1`,
		`tsunagu_fanout_delay_seconds_bucket{node="1",le="+Inf"} 2`,
		`tsunagu_fanout_delay_seconds_count{node="1"} 2`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("/metrics lacks the line %s", line)
		}
	}
}

// docs/metrics.md has every metric, once, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(tsunagu_\\w+)").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]]++
	}
	for _, m := range slices.Concat(gauges, counters) {
		if documented[m.name] != 1 {
			t.Errorf("docs/metrics.md has %d rows for %s, want one", documented[m.name], m.name)
		}
		delete(documented, m.name)
	}
	for _, d := range delays {
		if documented[d.name] != 1 {
			t.Errorf("docs/metrics.md has %d rows for %s, want one", documented[d.name], d.name)
		}
		delete(documented, d.name)
	}
	for name := range maps.Keys(documented) {
		t.Errorf("docs/metrics.md has a row for %s, which does not exist", name)
	}
}

package admin

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tsunagu/internal/histogram"
	"tsunagu/internal/panics"
)

// An emit function is given each value of a metric, with the values of its
// labels.
type emit func(value float64, labels ...string)

// A metric names one of the figures for Prometheus. Every metric has the label
// node beside its own.
type metric struct {
	name, help string
	labels     []string
	read       func(f Figures, emit emit)
}

var gauges = []metric{
	{"tsunagu_ready", "Whether the node is ready, as /readyz tells.", nil,
		one(func(f Figures) float64 { return boolean(len(f.Unready) == 0) })},
	{"tsunagu_sessions", "Sessions, by revision of Engine.IO and transport.", []string{"eio", "transport"},
		func(f Figures, emit emit) {
			for _, s := range f.Sessions {
				emit(float64(s.Count), s.EIO, s.Transport)
			}
		}},
	{"tsunagu_sessions_limit", "Sessions that the process accepts on all its nodes together.", nil,
		one(func(f Figures) float64 { return float64(f.MaxSessions) })},
	{"tsunagu_connections", "Open connections of clients, those without a session included.", nil,
		one(func(f Figures) float64 { return float64(f.Connections) })},
	{"tsunagu_connections_limit", "Connections that the process accepts on all its nodes together.", nil,
		one(func(f Figures) float64 { return float64(f.MaxConnections) })},
	{"tsunagu_event_queue_bytes", "Memory of the events of all clients that wait for handlers or are being handled.", nil,
		one(func(f Figures) float64 { return float64(f.QueuedBytes) })},
	{"tsunagu_sessions_paused", "Sessions that are not read from because the events that wait for handlers have reached the limit.", nil,
		one(func(f Figures) float64 { return float64(f.PausedSessions) })},
	{"tsunagu_listeners", "Sessions in the chat's namespace, which every line goes to.", nil,
		one(func(f Figures) float64 { return float64(f.Listeners) })},
	{"tsunagu_io_uring", "Whether lines are written through io_uring; 0 where each takes a write(2) of its own.", nil,
		one(func(f Figures) float64 { return boolean(f.IOUring) })},
	{"tsunagu_redis_subscribed", "Whether the subscription in Redis stands.", nil,
		one(func(f Figures) float64 { return boolean(f.Redis.Subscribed) })},
	{"tsunagu_redis_log", "Whether lines are published through the log in Redis; 0 where by plain PUBLISH.", nil,
		one(func(f Figures) float64 { return boolean(!f.Redis.Plain) })},
	{"tsunagu_redis_waiting_lines", "Lines that Redis has not acknowledged.", nil,
		one(func(f Figures) float64 { return float64(f.Redis.Waiting) })},
	{"tsunagu_redis_waiting_bytes", "Memory of the lines that Redis has not acknowledged.", nil,
		one(func(f Figures) float64 { return float64(f.Redis.WaitingBytes) })},
}

var counters = []metric{
	{"tsunagu_sessions_opened_total", "Sessions begun, by revision of Engine.IO.", []string{"eio"},
		each(func(f Figures) map[string]int64 { return f.Opened })},
	{"tsunagu_sessions_upgraded_total", "Sessions that went from polling to a websocket.", nil,
		count(func(f Figures) int64 { return f.Upgrades })},
	{"tsunagu_sessions_closed_total", "Sessions ended, by reason.", []string{"reason"},
		each(func(f Figures) map[string]int64 { return f.Closed })},
	{"tsunagu_requests_refused_total", "Requests answered with an error, by reason.", []string{"reason"},
		each(func(f Figures) map[string]int64 { return f.Refused })},
	{"tsunagu_connections_refused_total", "Connections refused because the process had as many as it accepts.", nil,
		count(func(f Figures) int64 { return f.ConnectionsRefused })},
	{"tsunagu_messages_throttled_total", "Packets after which the node paused reading from their client, which was above the message rate.", nil,
		count(func(f Figures) int64 { return f.Slowed })},
	{"tsunagu_messages_received_total", "Engine.IO message packets received from clients.", nil,
		count(func(f Figures) int64 { return f.Messages })},
	{"tsunagu_received_bytes_total", "Bytes of websocket messages and request bodies received from clients.", nil,
		count(func(f Figures) int64 { return f.BytesIn })},
	{"tsunagu_sent_bytes_total", "Bytes of websocket frames and answers to polls written to clients.", nil,
		count(func(f Figures) int64 { return f.BytesOut })},
	{"tsunagu_lines_accepted_total", "Lines accepted from this node's clients, to be published.", nil,
		count(func(f Figures) int64 { return f.LinesIn })},
	{"tsunagu_lines_delivered_total", "Lines received from Redis and sent on to this node's clients, each counted once.", nil,
		count(func(f Figures) int64 { return f.LinesOut })},
	{"tsunagu_lines_dropped_total", "Lines given up, by reason.", []string{"reason"},
		each(func(f Figures) map[string]int64 { return f.LinesDropped })},
	{"tsunagu_panics_total", "Panics that were recovered, by place.", []string{"place"},
		each(func(f Figures) map[string]int64 { return f.Panics })},
	{"tsunagu_redis_published_lines_total", "Lines that Redis acknowledged.", nil,
		count(func(f Figures) int64 { return f.Redis.Published })},
	{"tsunagu_redis_republished_lines_total", "Lines published again because Redis had lost them.", nil,
		count(func(f Figures) int64 { return f.Redis.Again })},
	{"tsunagu_redis_reconnects_total", "Subscriptions confirmed after the first.", nil,
		count(func(f Figures) int64 { return f.Redis.Reconnects })},
	{"tsunagu_redis_gaps_total", "Times that lines were found missing and read from the log in Redis.", nil,
		count(func(f Figures) int64 { return f.Redis.Gaps })},
	{"tsunagu_redis_lost_lines_total", "Lines of other nodes that nobody held any more.", nil,
		count(func(f Figures) int64 { return f.Redis.Lost })},
}

// A delay is a metric that is a histogram.
type delay struct {
	name, help string
	read       func(f Figures) histogram.Snapshot
}

var delays = []delay{
	{"tsunagu_relay_delay_seconds", "Time from accepting a line of this node's clients to receiving it back from Redis.",
		func(f Figures) histogram.Snapshot { return f.RelayDelay }},
	{"tsunagu_fanout_delay_seconds", "Time from receiving a line from Redis to the end of the writes that deliver it.",
		func(f Figures) histogram.Snapshot { return f.FanoutDelay }},
}

func one(value func(Figures) float64) func(Figures, emit) {
	return func(f Figures, emit emit) { emit(value(f)) }
}

func count(value func(Figures) int64) func(Figures, emit) {
	return func(f Figures, emit emit) { emit(float64(value(f))) }
}

func each(values func(Figures) map[string]int64) func(Figures, emit) {
	return func(f Figures, emit emit) {
		for label, n := range values(f) {
			emit(float64(n), label)
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A collector reads the nodes of this process whenever it is asked.
type collector struct {
	nodes  []Node
	panics *panics.Recorder
}

func newRegistry(nodes []Node, recorder *panics.Recorder) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{nodes, recorder}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return r
}

func description(name, help string, labels []string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"node"}, labels...), nil)
}

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range append(append([]metric(nil), gauges...), counters...) {
		ch <- description(m.name, m.help, m.labels)
	}
	for _, d := range delays {
		ch <- description(d.name, d.help, nil)
	}
}

// Collect implements prometheus.Collector. The registry calls it in a goroutine of its
// own. After a panic the answer has the metrics that came before.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	defer c.panics.Recover(panics.Report, nil)
	for _, n := range c.nodes {
		f := n.Figures()
		collect(ch, f, gauges, prometheus.GaugeValue)
		collect(ch, f, counters, prometheus.CounterValue)
		for _, d := range delays {
			ch <- constHistogram(description(d.name, d.help, nil), d.read(f), f.Node)
		}
	}
}

func collect(ch chan<- prometheus.Metric, f Figures, metrics []metric, t prometheus.ValueType) {
	for _, m := range metrics {
		desc := description(m.name, m.help, m.labels)
		m.read(f, func(value float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(desc, t, value, append([]string{f.Node}, labels...)...)
		})
	}
}

func constHistogram(desc *prometheus.Desc, s histogram.Snapshot, node string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(histogram.Bounds))
	total := uint64(0)
	for i, n := range s.Counts {
		total += uint64(n)
		if i < len(histogram.Bounds) {
			buckets[histogram.Bounds[i].Seconds()] = total
		}
	}
	return prometheus.MustNewConstHistogram(desc, total, s.Sum, buckets, node)
}

// bounds are those of the buckets, in seconds.
func bounds() (all []float64) {
	for _, b := range histogram.Bounds {
		all = append(all, b.Seconds())
	}
	return all
}

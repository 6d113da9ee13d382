//go:build e2e

package adapter

import (
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// benchLine is as long as a usual line of chat.
const benchLine = 60

// stamped is a line that says when it was published.
func stamped(epoch time.Time) []byte {
	return binary.LittleEndian.AppendUint64(make([]byte, 0, benchLine), uint64(time.Since(epoch)))[:benchLine]
}

// delays collects how long lines took.
type delays struct {
	epoch time.Time
	came  chan time.Duration
}

func (d delays) Receive(line []byte, _ Position) {
	d.came <- time.Since(d.epoch) - time.Duration(binary.LittleEndian.Uint64(line))
}

// ignored is the receiver of a second node.
type ignored struct{}

func (ignored) Receive([]byte, Position) {}

// BenchmarkRelay measures a line's way from Publish on one node to Receive on
// another, and what it costs Redis, with two nodes on a redis-server of its
// own. "bare" is PUBLISH to SUBSCRIBE with nothing around it. -benchtime=2000x
// gives each row 2,000 lines; docs/relay.md has the table.
func BenchmarkRelay(b *testing.B) {
	for _, rate := range []int{400, 0} {
		name := "flood"
		if rate > 0 {
			name = strconv.Itoa(rate) + " lines a second"
		}
		b.Run(name, func(b *testing.B) {
			b.Run("bare", func(b *testing.B) { benchBare(b, rate) })
			for _, mode := range []Mode{Plain, Log} {
				b.Run(mode.String(), func(b *testing.B) { benchNodes(b, mode, rate) })
			}
		})
	}
}

func benchBare(b *testing.B, rate int) {
	s := realRedis(b)
	pub := s.client(b)
	defer pub.Close()
	d := delays{time.Now(), make(chan time.Duration, 1<<16)}
	ctx := context.Background()
	for i := range 2 {
		sub := pub.Subscribe(ctx, "chat")
		defer sub.Close()
		if _, err := sub.Receive(ctx); err != nil {
			b.Fatal(err)
		}
		go func() {
			for {
				msg, err := sub.ReceiveMessage(ctx)
				if err != nil {
					return
				}
				if i == 0 {
					d.Receive([]byte(msg.Payload), Position{})
				}
			}
		}()
	}
	measure(b, s, d, rate, func(line []byte) error { return pub.Publish(ctx, "chat", line).Err() })
}

func benchNodes(b *testing.B, mode Mode, rate int) {
	s := realRedis(b)
	d := delays{time.Now(), make(chan time.Duration, 1<<16)}
	cfg := Config{Mode: mode, Logger: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background())
	speaker, listener := New(at(s.addr), cfg), New(at(s.addr), cfg)
	ended := make(chan struct{}, 2)
	go func() { speaker.Run(ctx, ignored{}); ended <- struct{}{} }()
	go func() { listener.Run(ctx, d); ended <- struct{}{} }()
	<-speaker.Ready()
	<-listener.Ready()
	measure(b, s, d, rate, speaker.Publish)
	stop()
	<-ended
	<-ended
}

// measure publishes b.N lines, at a rate or as fast as 1,000 on their way
// allow, and reports the median delay and what Redis counts.
func measure(b *testing.B, s *server, d delays, rate int, publish func([]byte) error) {
	c := s.client(b)
	defer c.Close()
	say := func() {
		if err := publish(stamped(d.epoch)); err != nil {
			b.Fatal(err)
		}
	}
	for range 100 { // to warm up
		say()
		<-d.came
	}
	before := redisCost(b, c)
	b.ResetTimer()
	all := make([]time.Duration, 0, b.N)
	window := 1000
	var tick <-chan time.Time
	if rate > 0 {
		t := time.NewTicker(time.Second / time.Duration(rate))
		defer t.Stop()
		tick = t.C
	}
	for said := 0; len(all) < b.N; {
		for ; said < b.N && said < len(all)+window; said++ {
			if tick != nil {
				<-tick
			}
			say()
			for len(d.came) > 0 {
				all = append(all, <-d.came)
			}
		}
		if len(all) < b.N {
			all = append(all, <-d.came)
		}
	}
	b.StopTimer()
	after := redisCost(b, c)
	slices.Sort(all)
	n := float64(b.N)
	b.ReportMetric(float64(all[len(all)/2])/1e3, "µs-median")
	b.ReportMetric((after[0]-before[0])*1e6/n, "redis-µs/line")
	b.ReportMetric((after[1]-before[1])/n, "in-B/line")
	b.ReportMetric((after[2]-before[2])/n, "out-B/line")
	b.ReportMetric(0, "ns/op")
}

// redisCost are Redis's CPU in seconds, and bytes in and out.
func redisCost(b *testing.B, c *redis.Client) (all [3]float64) {
	info, err := c.Info(context.Background(), "cpu", "stats").Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(info) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		value, _ := strconv.ParseFloat(text, 64)
		switch name {
		case "used_cpu_sys", "used_cpu_user":
			all[0] += value
		case "total_net_input_bytes":
			all[1] = value
		case "total_net_output_bytes":
			all[2] = value
		}
	}
	return all
}

package adapter

import (
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

type deaf struct{ n chan struct{} }

func (d deaf) Receive([]byte, Position) { d.n <- struct{}{} }

// BenchmarkPublish measures a line's way to Redis and back when many wait
// (flood, batched) and when each goes alone (one by one). It uses miniredis, or
// the Redis that BENCH_REDIS names.
func BenchmarkPublish(b *testing.B) {
	addr := os.Getenv("BENCH_REDIS")
	if addr == "" {
		addr = mini(b).Addr()
	}
	for _, window := range []int{1, 1000} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			publishBench(b, at(addr), window)
		})
	}
}

// publishBench keeps at most window lines under way.
func publishBench(b *testing.B, opts *redis.Options, window int) {
	a := New(opts, Config{Logger: slog.New(slog.DiscardHandler), Channel: b.Name()})
	back := deaf{make(chan struct{}, window)}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		a.Run(b.Context(), back)
	}()
	b.Cleanup(func() { <-stop })
	<-a.Ready()
	line := []byte("a line of chat, of the usual length or so")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	b.ResetTimer()
	sent := 0
	for got := 0; got < b.N; got++ {
		for ; sent < b.N && sent < got+window; sent++ {
			if err := a.Publish(line); err != nil {
				b.Fatal(err)
			}
		}
		<-back.n
	}
}

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tsunagu/adapter"
	"tsunagu/bench/load"
)

// publishBytes is the length of a line, which is that of a usual line of chat.
const publishBytes = 60

// A publisher is one way of lines through Redis, from one publisher to two subscribers.
type publisher struct {
	publish func(line []byte) error
	came    chan time.Time // when the last published line came to the second subscriber
	stop    func() error
}

// measurePublish measures the way of lines through Redis alone: through two adapters in this process, or by PUBLISH and
// SUBSCRIBE with nothing around them. One line is on its way at a time.
func (b *bench) measurePublish(ctx context.Context, r row, server string) (s sample, err error) {
	s = sample{Row: r.name, Server: server, Clients: 1}
	start := b.adapters
	if server == barePublish {
		start = b.subscribers
	}
	p, err := start(ctx)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if _, err := p.lines(ctx, 200, r.rate); err != nil { // to warm up
		return s, err
	}
	before, err := cpuTime(b.redis.pid())
	if err != nil {
		return s, err
	}
	began := time.Now()
	delays, err := p.lines(ctx, int(r.rate*r.window.Seconds()), r.rate)
	if err != nil {
		return s, err
	}
	after, err := cpuTime(b.redis.pid())
	s.Window = window{Seconds: time.Since(began).Seconds(), Redis: (after - before).Seconds()}
	slices.Sort(delays)
	n := len(delays)
	s.Traffic = &load.Traffic{
		Expected: int64(n), Delivered: int64(n), P50: delays[n/2], P99: delays[n*99/100], Max: delays[n-1],
		Seconds: s.Window.Seconds, PerSecond: float64(n) / s.Window.Seconds,
	}
	return s, err
}

// lines publishes n lines and returns how long each took. It does so in a goroutine of its own, because the bench's main
// goroutine is locked to a thread, and would have to wait for that thread after each answer of Redis.
func (p publisher) lines(ctx context.Context, n int, rate float64) (delays []time.Duration, err error) {
	var publishing sync.WaitGroup
	publishing.Go(func() { delays, err = p.publishLines(ctx, n, rate) })
	publishing.Wait()
	return delays, err
}

func (p publisher) publishLines(ctx context.Context, n int, rate float64) (delays []time.Duration, err error) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for i := range n {
		<-tick.C
		line := make([]byte, publishBytes)
		binary.BigEndian.PutUint64(line, uint64(i))
		said := time.Now()
		if err := p.publish(line); err != nil {
			return nil, err
		}
		select {
		case at := <-p.came:
			delays = append(delays, at.Sub(said))
		case <-time.After(drain):
			return nil, fmt.Errorf("line %d did not come within %v", i, drain)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return delays, nil
}

// arrivals is the Receiver of the second adapter.
type arrivals chan time.Time

func (a arrivals) Receive([]byte, adapter.Position) { a <- time.Now() }

// nobody is the Receiver of the first.
type nobody struct{}

func (nobody) Receive([]byte, adapter.Position) {}

func (b *bench) adapters(ctx context.Context) (publisher, error) {
	cfg := adapter.Config{Mode: adapter.Log, Logger: slog.New(slog.DiscardHandler)}
	opts := &redis.Options{Addr: b.redis.addr()}
	speaker, listener := adapter.New(opts, cfg), adapter.New(opts, cfg)
	p := publisher{publish: speaker.Publish, came: make(chan time.Time, 1)}
	running, end := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { _ = speaker.Run(running, nobody{}) })
	ended.Go(func() { _ = listener.Run(running, arrivals(p.came)) })
	p.stop = func() error { end(); ended.Wait(); return nil }
	for _, a := range []*adapter.Adapter{speaker, listener} {
		select {
		case <-a.Ready():
		case <-time.After(drain):
			return p, errors.Join(errors.New("the adapter has not subscribed"), p.stop())
		}
	}
	return p, nil
}

func (b *bench) subscribers(ctx context.Context) (publisher, error) {
	client := redis.NewClient(&redis.Options{Addr: b.redis.addr()})
	p := publisher{
		publish: func(line []byte) error { return client.Publish(ctx, "chat", line).Err() },
		came:    make(chan time.Time, 1),
	}
	var subs []*redis.PubSub
	var ended sync.WaitGroup
	p.stop = func() error {
		var errs []error
		for _, s := range subs {
			errs = append(errs, s.Close())
		}
		ended.Wait()
		return errors.Join(append(errs, client.Close())...)
	}
	for i := range 2 {
		sub := client.Subscribe(ctx, "chat")
		subs = append(subs, sub)
		if _, err := sub.Receive(ctx); err != nil {
			return p, errors.Join(err, p.stop())
		}
		ended.Go(func() {
			for {
				if _, err := sub.ReceiveMessage(ctx); err != nil {
					return
				}
				if i == 1 {
					p.came <- time.Now()
				}
			}
		})
	}
	return p, nil
}

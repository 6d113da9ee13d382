package load

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// traffic sends the messages and waits until every client has received them all, or until a.Drain has passed.
func (g *generator) traffic(a TrafficArgs) (Traffic, error) {
	if g.loop == nil {
		return Traffic{}, errNotConnected
	}
	clients := g.loop.args.Clients
	if a.Messages < 1 || a.Senders < 1 || a.Senders > clients || a.PerSecond <= 0 {
		return Traffic{}, errors.New("traffic without messages or senders")
	}
	if n := g.ready.Load(); n != int64(clients) {
		return Traffic{}, fmt.Errorf("%d of %d clients are left: %w", n, clients, g.failure())
	}
	g.runs++
	g.delivered.Store(0)
	r := newRecord(g.runs, clients, a.Messages, a.Senders)
	g.loop.do(func() { g.loop.record = r })

	sent, late := make([]int64, a.Messages), newHistogram()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.send(a, sent, late)
	}()
	<-done
	expected := int64(a.Messages) * int64(clients)
	for limit := clock() + int64(a.Drain); g.delivered.Load() < expected && clock() < limit; {
		time.Sleep(2 * time.Millisecond)
	}
	end := clock()
	g.loop.do(func() { g.loop.record = nil })
	return g.account(r, sent, late, end), nil
}

// send sends each message when it is due, and notes when it was really sent: a late generator is not the server's fault.
// It keeps its thread for itself, as nanosleep needs, so it runs in a goroutine of its own that ends with it.
func (g *generator) send(a TrafficArgs, sent []int64, late *histogram) {
	runtime.LockOSThread()
	interval := float64(time.Second) / a.PerSecond
	first := clock() + int64(5*time.Millisecond)
	clients := g.loop.clients
	var text, frame []byte
	for i := range sent {
		due := first + int64(float64(i)*interval)
		for now := clock(); now < due; now = clock() {
			nap := syscall.NsecToTimespec(due - now)
			_ = syscall.Nanosleep(&nap, nil)
		}
		c := clients[i%a.Senders*len(clients)/a.Senders]
		sent[i] = clock()
		late.add(sent[i] - due)
		text = appendMessage(text[:0], g.runs, uint32(i), sent[i])
		frame = appendFrame(frame[:0], opText, text)
		c.send(frame)
	}
}

func (g *generator) account(r *record, sent []int64, late *histogram, end int64) Traffic {
	if r.delivered == int64(r.clients)*int64(r.messages) {
		end = r.lastAt
	}
	t := Traffic{
		Expected:  int64(r.clients) * int64(r.messages),
		Delivered: r.delivered, Duplicates: r.duplicates, Disorder: r.disorder, Foreign: r.foreign,
		Lost:        int64(r.clients) - g.ready.Load(),
		Undelivered: r.close(sent, end),
		Late:        time.Duration(late.quantile(0.99)),
		Seconds:     float64(end-sent[0]) / 1e9,
	}
	t.P50 = time.Duration(r.delays.quantile(0.5))
	t.P99 = time.Duration(r.delays.quantile(0.99))
	t.Max = time.Duration(r.delays.max)
	t.PerSecond = float64(t.Delivered) / t.Seconds
	return t
}

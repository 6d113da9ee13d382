package load

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"tsunagu/bench/stats"
)

// traffic lets the speakers say their lines and waits until every client has heard them all, or long enough.
func (g *generator) traffic(a TrafficAsk) (Traffic, error) {
	clients := g.loop.ask.Clients
	if a.Lines < 1 || a.Speakers < 1 || a.Speakers > clients || a.PerSecond <= 0 {
		return Traffic{}, errors.New("traffic without lines or speakers")
	}
	if n := g.ready.Load(); n != int64(clients) {
		return Traffic{}, fmt.Errorf("%d of %d clients are left: %w", n, clients, g.failure())
	}
	g.runs++
	g.delivered.Store(0)
	s := newShare(g.runs, clients, a.Lines, a.Speakers)
	g.loop.do(func() { g.loop.round = s })

	sent, late := make([]int64, a.Lines), stats.NewHist()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.speak(a, sent, late)
	}()
	<-done
	expected := int64(a.Lines) * int64(clients)
	for limit := clock() + int64(a.Drain); g.delivered.Load() < expected && clock() < limit; {
		time.Sleep(2 * time.Millisecond)
	}
	end := clock()
	g.loop.do(func() { g.loop.round = nil })
	return g.account(s, sent, late, end), nil
}

// speak sends each line when it is due, and notes when it really left: a late generator is not the server's fault.
func (g *generator) speak(a TrafficAsk, sent []int64, late *stats.Hist) {
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
		c := clients[i%a.Speakers*len(clients)/a.Speakers]
		sent[i] = clock()
		late.Add(sent[i] - due)
		text = appendLine(text[:0], g.runs, uint32(i), sent[i])
		frame = appendFrame(frame[:0], opText, text)
		c.send(frame)
	}
}

func (g *generator) account(s *share, sent []int64, late *stats.Hist, end int64) Traffic {
	if s.delivered == int64(s.clients)*int64(s.lines) {
		end = s.lastAt
	}
	t := Traffic{
		Expected:  int64(s.clients) * int64(s.lines),
		Delivered: s.delivered, Duplicates: s.duplicates, Disorder: s.disorder, Foreign: s.foreign,
		Lost:        int64(s.clients) - g.ready.Load(),
		Undelivered: s.close(sent, end),
		Late:        time.Duration(late.Quantile(0.99)),
		Seconds:     float64(end-sent[0]) / 1e9,
	}
	t.P50 = time.Duration(s.delays.Quantile(0.5))
	t.P99 = time.Duration(s.delays.Quantile(0.99))
	t.Max = time.Duration(s.delays.Max())
	t.PerSecond = float64(t.Delivered) / t.Seconds
	return t
}

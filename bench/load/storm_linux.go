package load

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// stormStep is how many clients are closed in one go, and how many handshakes are in progress at once.
const stormStep = 500

// storm is what is recorded of a storm. The loop owns it.
type storm struct {
	run        uint32
	bystanders int
	heard      []int64 // when each bystander received its last message
	gap        int64   // the longest time between two of them
	received   int64
}

// receive records packet p, which client c has received at now.
func (s *storm) receive(c int, p []byte, now int64) {
	if c >= s.bystanders {
		return
	}
	if run, _, _, ok := parseMessage(p); !ok || run != s.run {
		return
	}
	s.gap = max(s.gap, now-s.heard[c])
	s.heard[c] = now
	s.received++
}

// storm drops all clients but the bystanders at once and connects them again at once. One of the bystanders sends a
// message at every interval, and all of them note when they receive it.
func (g *generator) storm(a StormArgs) (Storm, error) {
	if g.loop == nil {
		return Storm{}, errNotConnected
	}
	l := g.loop
	clients := int64(len(l.clients))
	switch {
	case a.Bystanders < 1 || int64(a.Bystanders) >= clients || a.Interval <= 0:
		return Storm{}, errors.New("a storm without bystanders, without others or without messages")
	case g.ready.Load() != clients:
		return Storm{}, fmt.Errorf("%d of %d clients are left: %w", g.ready.Load(), clients, g.failure())
	}
	g.runs++
	s := &storm{run: g.runs, bystanders: a.Bystanders, heard: make([]int64, a.Bystanders)}
	began := clock()
	for i := range s.heard {
		s.heard[i] = began
	}
	l.do(func() { l.storm = s })
	defer func() { l.do(func() { l.storm = nil }) }()
	stop, sent := make(chan struct{}), make(chan int64)
	go func() { sent <- g.tick(a, stop) }()
	for i := a.Bystanders; i < len(l.clients); i += stormStep {
		// In between the loop reads what bystanders receive.
		l.do(func() { l.dropClients(l.clients[i:min(i+stormStep, len(l.clients))]) })
	}
	l.do(func() {
		l.next, l.args.InFlight = a.Bystanders, stormStep
		l.connect()
	})
	err := g.awaitReady(clients)
	back := clock()
	l.do(func() { s.gap = max(s.gap, back-slices.Min(s.heard)) })
	close(stop)
	out := Storm{Seconds: float64(back-began) / 1e9, Expected: <-sent * int64(a.Bystanders)}
	for limit := clock() + int64(a.Drain); clock() < limit; time.Sleep(2 * time.Millisecond) {
		l.do(func() { out.Received, out.Gap = s.received, time.Duration(s.gap) })
		if out.Received >= out.Expected {
			break
		}
	}
	return out, err
}

// dropClients closes clients, every second one with a reset.
func (l *loop) dropClients(clients []*client) {
	for i, c := range clients {
		if i%2 == 0 {
			_ = syscall.SetsockoptLinger(c.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		}
		c.state = lost
		c.mu.Lock()
		c.closed = true
		_ = syscall.Close(c.fd)
		c.mu.Unlock()
	}
	l.gen.ready.Add(-int64(len(clients)))
}

// tick sends a message of the first client at every interval, and returns how many it has sent.
func (g *generator) tick(a StormArgs, stop chan struct{}) (sent int64) {
	ticker := time.NewTicker(a.Interval)
	defer ticker.Stop()
	var text, frame []byte
	for {
		select {
		case <-stop:
			return sent
		case <-ticker.C:
		}
		text = appendMessage(text[:0], g.runs, uint32(sent), clock())
		frame = appendFrame(frame[:0], opText, text)
		g.loop.clients[0].send(frame)
		sent++
	}
}

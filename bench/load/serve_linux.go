package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// generator is the state of this process.
type generator struct {
	loop      *loop // nil until connected
	runs      uint32
	ready     atomic.Int64
	gone      atomic.Int64
	delivered atomic.Int64 // lines of the run under way

	mu    sync.Mutex
	first error // guarded by mu: the first thing that went wrong
}

// Serve is the generator's main: it obeys the orders on in and answers on out until in ends, and lets its clients go then.
func Serve(in io.Reader, out io.Writer) error {
	debug.SetGCPercent(400)
	g := &generator{}
	defer func() {
		if g.loop != nil {
			g.loop.do(g.loop.end)
		}
	}()
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var a ask
		if err := orders.Decode(&a); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(g.obey(a)); err != nil {
			return err
		}
	}
}

func (g *generator) obey(a ask) (r answer) {
	var err error
	switch {
	case a.Connect != nil:
		var c Connected
		c, err = g.connect(*a.Connect)
		r.Connected = &c
	case g.loop == nil:
		err = errors.New("no clients are connected")
	case a.Traffic != nil:
		var t Traffic
		t, err = g.traffic(*a.Traffic)
		r.Traffic = &t
	case a.Status:
		r.Status = &Status{Ready: g.ready.Load()}
		g.loop.do(func() { r.Status.Silent = g.loop.silent() })
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return r
}

// lost books a client that the server has dropped.
func (g *generator) lost(err error) {
	g.gone.Add(1)
	g.fail(err)
}

func (g *generator) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = err
	}
}

func (g *generator) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		return nil
	}
	return fmt.Errorf("%d clients lost, the first: %w", g.gone.Load(), g.first)
}

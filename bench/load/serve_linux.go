package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// generator is the state of this process. Its exported methods are what a Process calls, one at a time.
type generator struct {
	loop      *loop // nil until connected
	runs      uint32
	ready     atomic.Int64
	gone      atomic.Int64
	delivered atomic.Int64 // messages of the run in progress

	abusers  []net.Conn     // clients that misbehave
	flooding sync.WaitGroup // their goroutines

	mu    sync.Mutex
	first error // guarded by mu: the first thing that went wrong
}

// Serve is the generator's main. It answers the calls that it reads from in until in ends, and then closes its clients.
func Serve(in io.Reader, out io.WriteCloser) error {
	debug.SetGCPercent(400)
	g, server := &generator{}, rpc.NewServer()
	if err := server.RegisterName(service, g); err != nil {
		return err
	}
	server.ServeCodec(jsonrpc.NewServerCodec(stdio{in, out}))
	g.endAbuse()
	if g.loop != nil {
		g.loop.do(g.loop.end)
	}
	return nil
}

// Connect connects all clients. It fails if one of them cannot connect, because figures with fewer clients would mislead.
func (g *generator) Connect(a ConnectArgs, c *Connected) (err error) {
	*c, err = g.connect(a)
	return err
}

// Traffic sends messages and waits for their deliveries.
func (g *generator) Traffic(a TrafficArgs, t *Traffic) (err error) {
	*t, err = g.traffic(a)
	return err
}

// Storm drops clients and connects them again.
func (g *generator) Storm(a StormArgs, s *Storm) (err error) {
	*s, err = g.storm(a)
	return err
}

// Abuse connects clients that misbehave.
func (g *generator) Abuse(a AbuseArgs, _ *struct{}) error { return g.abuse(a) }

// Status counts the clients that are connected, and those whose server is silent.
func (g *generator) Status(_ struct{}, s *Status) error {
	if g.loop == nil {
		return errNotConnected
	}
	s.Ready = g.ready.Load()
	g.loop.do(func() { s.Silent = g.loop.silent() })
	return nil
}

var errNotConnected = errors.New("no clients are connected")

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

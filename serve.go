package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tsunagu/adapter"
	"tsunagu/internal/broker"
	"tsunagu/internal/limit"
	"tsunagu/internal/node"
	"tsunagu/internal/report"
	"tsunagu/internal/web"
)

// serve runs the nodes until ctx is done, or until one of the listeners fails, which is
// an error. The shutdown that follows takes at most as long as -drain says: what has not
// ended by then ends with the process.
func serve(ctx context.Context, listeners []net.Listener, opts options, log *slog.Logger, stdout io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	fail := func(err error) {
		log.Error("a listener failed, shutting down", "err", err)
		cancel(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := process{options: opts, log: log, stdout: stdout, fail: fail}
		p.run(ctx, listeners)
	}()
	<-ctx.Done()
	deadline := time.NewTimer(opts.node.Drain)
	defer deadline.Stop()
	select {
	case <-ended:
	case <-deadline.C:
		log.Warn("the shutdown is not complete, exiting nevertheless", "after", opts.node.Drain)
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// A process is what runs in one process: its nodes and what they share.
type process struct {
	options
	log    *slog.Logger
	stdout io.Writer
	fail   func(error) // called when a listener fails
}

// run runs one node for each port until ctx is done.
func (p *process) run(ctx context.Context, listeners []net.Listener) {
	if p.node.Redis == nil {
		embedded, err := broker.Ensure(ctx, broker.Config{Logger: p.log})
		if err != nil {
			p.log.Warn("no redis found and the embedded redis did not start, retrying localhost:6379; start a redis there or set -redis", "err", err)
		}
		if embedded != nil {
			defer embedded.Close()
		}
		p.node.Redis = &redis.Options{Addr: "localhost:6379"}
	}
	reporting := report.Config{Logger: p.log, Failed: p.fail}
	if p.node.Relay != adapter.Plain { // which promises to store nothing
		reporting.Redis = p.node.Redis
	}
	if p.admin != "" {
		reporting.Admin = listeners[len(p.ports)]
	}
	limiter, connections := p.newLimits()
	p.node.Engine.Admission = limiter
	var nodes sync.WaitGroup
	for _, l := range listeners[:len(p.ports)] {
		port := l.Addr().(*net.TCPAddr).Port
		cfg := p.node
		cfg.Port, cfg.Failed, cfg.Logger = port, p.fail, p.log.With("node", port)
		n := node.New(cfg)
		limited := connections.Listen(l)
		n.Report().Limiter, n.Report().Listener = limiter, limited
		reporting.Nodes = append(reporting.Nodes, n.Report())
		nodes.Go(func() { n.Serve(ctx, limited, func() { fmt.Fprintf(p.stdout, "listening on localhost:%d\n", port) }) })
	}
	defer report.Start(reporting)()
	nodes.Wait()
}

// newLimits returns what bounds the sessions and connections of all nodes together.
func (p *process) newLimits() (*limit.Limiter, *limit.Connections) {
	connections, sessions := limit.FromDescriptors(len(p.ports))
	if p.limits.MaxSessions == 0 {
		p.limits.MaxSessions = sessions
	}
	if p.limits.MaxSessions > connections {
		p.log.Warn("-max-sessions exceeds the connections that the limit of descriptors allows; raise that limit (ulimit -n, LimitNOFILE)",
			"max-sessions", p.limits.MaxSessions, "connections", connections)
	}
	return limit.New(p.limits), limit.NewConnections(connections)
}

// listen opens all ports, and last the address of the admin server, if there is
// one. If one fails it closes the others.
func listen(opts options) ([]net.Listener, error) {
	var addresses []string
	for _, port := range opts.ports {
		addresses = append(addresses, net.JoinHostPort(opts.host, strconv.Itoa(port)))
	}
	if opts.admin != "" {
		addresses = append(addresses, opts.admin)
	}
	var all []net.Listener
	for _, addr := range addresses {
		l, err := web.Listen(addr)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

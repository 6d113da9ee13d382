// Package node wires the parts of one node, and starts and stops them in order.
package node

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tsunagu/adapter"
	"tsunagu/internal/bridge"
	"tsunagu/internal/chat"
	"tsunagu/internal/engine"
	"tsunagu/internal/panics"
	"tsunagu/internal/report"
	"tsunagu/internal/web"
	"tsunagu/static"
)

// Config holds the settings of a Node.
type Config struct {
	Port      int            // names the node in figures
	Redis     *redis.Options // must be set
	Relay     adapter.Mode   // default: adapter.Auto
	Buffer    int            // bytes of messages that may wait for Redis; default as in adapter.Config
	Engine    engine.Config  // New sets the logger and the panics
	NoIOUring bool           // write to each client with a system call of its own
	Drain     time.Duration  // how long a shutdown may take; default 10 s
	Failed    func(error)    // called if the listener fails; default: nobody is told
	Logger    *slog.Logger   // must be set
}

// A Node serves one port: an engine, the application, and its connections to Redis.
// It replaces one process of the original Node server.
type Node struct {
	log     *slog.Logger
	drain   time.Duration
	failed  func(error)
	relay   *adapter.Adapter
	chat    *chat.Chat
	bridge  *bridge.Server
	engine  *engine.Server
	handler http.Handler
	panics  *panics.Recorder
	report  *report.Node
}

// New returns a node that does not serve yet.
func New(cfg Config) *Node {
	log := cfg.Logger
	n := &Node{log: log, drain: cmp.Or(cfg.Drain, 10*time.Second), failed: cfg.Failed, panics: panics.New(log)}
	if n.failed == nil {
		n.failed = func(error) {}
	}
	n.relay = adapter.New(cfg.Redis, adapter.Config{
		Mode: cfg.Relay, Buffer: cfg.Buffer, Logger: log,
		DrainTimeout: max(1, n.drain/50), // shutdown has waited for Redis before
	})
	n.chat = chat.New(chat.Config{Publisher: n.relay, NoIOUring: cfg.NoIOUring, Panics: n.panics, Logger: log})
	n.bridge = bridge.New(bridge.Config{Audience: n.chat, Panics: n.panics, Logger: log})
	n.chat.Register(n.bridge)
	cfg.Engine.Logger, cfg.Engine.Panics = log, n.panics
	n.engine = engine.New(cfg.Engine, n.bridge)
	n.handler = static.Handler(n.engine)
	n.report = &report.Node{Port: cfg.Port, Engine: n.engine, Bridge: n.bridge, Chat: n.chat, Relay: n.relay, Panics: n.panics}
	return n
}

// Report returns the figures of the node, for the operator.
func (n *Node) Report() *report.Node { return n.report }

// firstSubscription is how long a node waits for Redis before it accepts clients
// without it.
const firstSubscription = time.Second

// Serve runs the node on l, which it closes, until ctx is done or l fails, and then shuts
// the node down. It calls listening when it accepts clients. It must be called once.
func (n *Node) Serve(ctx context.Context, l net.Listener, listening func()) {
	relayCtx, stopRelay := context.WithCancel(context.Background())
	var relay sync.WaitGroup
	relay.Go(func() {
		if err := n.relay.Run(relayCtx, n.chat); err != nil {
			n.log.Error("relay failed, messages are no longer published or received; restart the node", "err", err)
		}
	})
	select {
	case <-n.relay.Ready():
	case <-time.After(firstSubscription):
	case <-ctx.Done():
	}
	srv := web.New(n.handler, web.Config{Panics: n.panics, Logger: n.log})
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	n.report.Serving()
	n.log.Info("serving")
	listening()
	select {
	case <-ctx.Done():
		defer func() { <-ended }()
	case err := <-ended:
		n.failed(fmt.Errorf("port %d accepts no more connections: %w", n.report.Port, err))
	}
	n.shutdown(&shutdown{began: time.Now(), limit: n.drain, log: n.log}, srv, l, func() {
		stopRelay()
		relay.Wait()
	})
}

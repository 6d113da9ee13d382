// Package node wires the parts of one node, and starts and stops them in order.
package node

import (
	"context"
	"errors"
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
	Port      int               // names the node in figures
	Redis     *redis.Options    // must be set
	Relay     adapter.Mode      // default: adapter.Auto
	Buffer    int               // bytes of messages that may wait for Redis; default as in adapter.Config
	Clients   []engine.Revision // default: all
	NoIOUring bool              // write to each client with a system call of its own
	Logger    *slog.Logger      // must be set
}

// A Node serves one port: an engine, the application, and its connections to Redis.
// It replaces one process of the original Node server.
type Node struct {
	log     *slog.Logger
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
	n := &Node{log: log, panics: panics.New(log)}
	n.relay = adapter.New(cfg.Redis, adapter.Config{Mode: cfg.Relay, Buffer: cfg.Buffer, Logger: log})
	n.chat = chat.New(chat.Config{Publisher: n.relay, NoIOUring: cfg.NoIOUring, Panics: n.panics, Logger: log})
	n.bridge = bridge.New(bridge.Config{Audience: n.chat, Panics: n.panics, Logger: log})
	n.chat.Register(n.bridge)
	n.engine = engine.New(engine.Config{Revisions: cfg.Clients, Panics: n.panics, Logger: log}, n.bridge)
	n.handler = static.Handler(n.engine)
	n.report = &report.Node{Port: cfg.Port, Engine: n.engine, Chat: n.chat, Relay: n.relay, Panics: n.panics}
	return n
}

// Report returns the figures of the node, for the operator.
func (n *Node) Report() *report.Node { return n.report }

const (
	// firstSubscription is how long a node waits for Redis before it accepts
	// clients without it.
	firstSubscription = time.Second
	// shutdownTimeout is how long clients may take to close their connections.
	shutdownTimeout = 5 * time.Second
)

// Serve runs the node on l, which it closes, until ctx is done. It calls listening when
// it accepts clients. In the end it stops the parts in the order in which messages pass
// them: web server and sessions, relay, handlers, fan-out. It must be called once.
func (n *Node) Serve(ctx context.Context, l net.Listener, listening func()) {
	relayCtx, stopRelay := context.WithCancel(context.Background())
	var relay sync.WaitGroup
	relay.Go(func() {
		if err := n.relay.Run(relayCtx, n.chat); err != nil {
			n.log.Error("relay failed, messages are no longer published or received; restart the node", "err", err)
		}
	})
	srv := web.New(n.handler, web.Config{Panics: n.panics, Logger: n.log})
	var serving sync.WaitGroup
	select {
	case <-n.relay.Ready():
	case <-time.After(firstSubscription):
	case <-ctx.Done():
	}
	serving.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("web server failed, the node accepts no connections; restart the node", "err", err)
		}
	})
	n.report.Serving()
	n.log.Info("serving")
	listening()
	<-ctx.Done()

	n.report.Draining()
	n.log.Info("stopping", "sessions", n.engine.Len())
	shutdownCtx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	serving.Go(func() {
		if err := srv.Shutdown(shutdownCtx); err != nil {
			srv.Close()
		}
	})
	if err := n.engine.Shutdown(shutdownCtx); err != nil {
		n.log.Warn("some sessions did not end before the shutdown timeout, the exit closes their connections", "err", err)
	}
	serving.Wait()
	stopRelay()
	relay.Wait()
	n.bridge.Close()
	n.chat.Close()
	n.log.Info("stopped")
}

// Command tsunagu runs a Socket.IO chat on one or several ports, joined with
// each other and with other nodes by Redis pub/sub.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"tsunagu/adapter"
	"tsunagu/internal/bridge"
	"tsunagu/internal/broker"
	"tsunagu/internal/chat"
	"tsunagu/internal/engine"
	"tsunagu/internal/health"
	"tsunagu/static"
)

// Exit statuses.
const (
	exitFailure = 1
	exitUsage   = 2
)

// gcPercent is how much the heap may grow, in percent, before it is collected
// (GOGC overrides it). Half of Go's own: the heap is mostly connections that
// say nothing, so there is little to collect, and what it grows by is theirs.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "tsunagu: %v (tsunagu -help lists the flags)\n", err)
		return exitUsage
	}
	if opts.version {
		fmt.Fprintln(stdout, version())
		return 0
	}
	if opts.check != nil {
		err = health.Check(ctx, *opts.check)
	} else {
		log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.logLevel}))
		adapter.RouteLogs(log)
		err = serve(ctx, opts, log, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tsunagu: %v\n", err)
		return exitFailure
	}
	return 0
}

// version is the line that -version prints: module version, commit and Go
// version, as far as the build recorded them.
func version() string {
	module, commit, dirty := "(devel)", "unknown", ""
	info, ok := debug.ReadBuildInfo()
	if ok {
		module = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = ", modified"
			}
		}
	}
	return fmt.Sprintf("tsunagu %s, commit %s%s, %s", module, commit, dirty, runtime.Version())
}

// options is what flags and environment say.
type options struct {
	version  bool
	check    *string // the URL of another node, which is asked whether it serves
	ports    []int
	host     string
	redis    *redis.Options // nil: look for one at localhost
	clients  []engine.Revision
	ioUring  bool
	logLevel slog.Level
}

func parseOptions(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	env := func(name, def string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return def
	}
	fs := flag.NewFlagSet("tsunagu", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // its errors are returned, in one line
	ports := fs.String("port", env("PORT", "3000,3001"), "ports to listen on, each a node of its own (PORT)")
	host := fs.String("host", env("HOST", ""), "interface to listen on; all of them when empty (HOST)")
	// The environment's URL is no default, or -help would print its password.
	redisURL := fs.String("redis", "", "Redis: redis://, rediss:// or unix:// (REDIS_URL);\n"+
		"without it localhost:6379, and an embedded one if nothing answers there")
	clients := fs.String("clients", env("CLIENTS", "2,4"), "Socket.IO clients to serve: 2 for 1.x and 2.x, 4 for 3.x and 4.x (CLIENTS)")
	ioUring := fs.String("io-uring", env("IO_URING", "auto"), "writes to many clients in one system call through io_uring:\n"+
		"auto, where the kernel offers it, or off (IO_URING)")
	verbose := fs.Bool("verbose", env("VERBOSE", "") != "", "log what is dropped and closed, too (VERBOSE)")
	var opts options
	fs.BoolVar(&opts.version, "version", false, "print module version, commit and Go version, and exit")
	// An empty URL, as an unset variable gives, is a check that fails, and not a node that serves.
	fs.Func("check", "ask the node at `URL` whether it serves, and exit: status 0 if it does, 1 if not", func(url string) error {
		opts.check = &url
		return nil
	})
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(stderr)
			fs.Usage()
		}
		return options{}, err
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if opts.check != nil || opts.version {
		return opts, nil
	}
	opts.host = *host
	if *verbose {
		opts.logLevel = slog.LevelDebug
	}
	var err error
	if opts.ports, err = parsePorts(*ports); err != nil {
		return options{}, err
	}
	if opts.clients, err = parseClients(*clients); err != nil {
		return options{}, err
	}
	if opts.ioUring, err = parseIOUring(*ioUring); err != nil {
		return options{}, err
	}
	if *redisURL == "" {
		*redisURL = getenv("REDIS_URL")
	}
	if *redisURL != "" {
		opts.redis, err = adapter.ParseURL(*redisURL)
	}
	return opts, err
}

func parsePorts(s string) ([]int, error) {
	var ports []int
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(field), 10, 16)
		if err != nil {
			return nil, fmt.Errorf("port %q: want a number up to 65535, or several with commas", field)
		}
		ports = append(ports, int(n))
	}
	return ports, nil
}

// parseClients turns versions of Socket.IO into revisions of Engine.IO, so that
// operators need not know those.
func parseClients(s string) ([]engine.Revision, error) {
	var all []engine.Revision
	for field := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(field) {
		case "2":
			all = append(all, engine.Revision3)
		case "4":
			all = append(all, engine.Revision4)
		default:
			return nil, fmt.Errorf("clients %q: want 2, 4, or both with a comma", s)
		}
	}
	return all, nil
}

func parseIOUring(s string) (use bool, err error) {
	switch s {
	case "auto":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("io-uring %q: want auto or off", s)
}

// serve runs a node for each port until ctx is done.
func serve(ctx context.Context, opts options, log *slog.Logger, stdout io.Writer) error {
	listeners, err := listen(opts)
	if err != nil {
		return err
	}
	if opts.redis == nil {
		embedded, err := broker.Ensure(ctx, broker.Config{Logger: log})
		if err != nil {
			log.Warn("no redis found, and the embedded one did not start; name a redis with -redis", "err", err)
		}
		if embedded != nil {
			defer embedded.Close()
		}
		opts.redis = &redis.Options{Addr: "localhost:6379"}
	}
	var nodes sync.WaitGroup
	for _, l := range listeners {
		port := l.Addr().(*net.TCPAddr).Port
		n := newNode(opts, log.With("node", port))
		nodes.Go(func() { n.serve(ctx, l, func() { fmt.Fprintf(stdout, "listening on localhost:%d\n", port) }) })
	}
	nodes.Wait()
	return nil
}

// listen opens all ports or none.
func listen(opts options) ([]net.Listener, error) {
	var all []net.Listener
	for _, port := range opts.ports {
		l, err := net.Listen("tcp", net.JoinHostPort(opts.host, strconv.Itoa(port)))
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

// A node is what one Node server was: an engine, its application and its
// connections to Redis.
type node struct {
	log     *slog.Logger
	relay   *adapter.Adapter
	chat    *chat.Chat
	bridge  *bridge.Server
	engine  *engine.Server
	handler http.Handler
}

func newNode(opts options, log *slog.Logger) *node {
	n := &node{log: log}
	n.relay = adapter.New(opts.redis, adapter.Config{Logger: log})
	n.chat = chat.New(chat.Config{Publisher: n.relay, NoIOUring: !opts.ioUring, Logger: log})
	n.bridge = bridge.New(bridge.Config{Audience: n.chat, Logger: log})
	n.chat.Register(n.bridge)
	n.engine = engine.New(engine.Config{Logger: log, Revisions: opts.clients}, n.bridge)
	n.handler = static.Handler(n.engine)
	return n
}

const (
	// firstSubscription is how long a node waits for Redis before it serves
	// all the same.
	firstSubscription = time.Second
	// shutdownTimeout is how long clients get to close their connections.
	shutdownTimeout = 5 * time.Second
	// headerTimeout is how long the header of a request may take to arrive.
	headerTimeout = 10 * time.Second
	// maxHeader is how many bytes it may have, as in Node: a session keeps them.
	maxHeader = 16 << 10
	// idleTimeout is how long a connection is kept between two requests.
	idleTimeout = time.Minute
)

// serve runs the node until ctx is done. Then it stops the parts in the order in
// which messages pass them: web server and sessions, relay, handlers, fan-out.
func (n *node) serve(ctx context.Context, l net.Listener, listening func()) {
	relayCtx, stopRelay := context.WithCancel(context.Background())
	var relay sync.WaitGroup
	relay.Go(func() {
		if err := n.relay.Run(relayCtx, n.chat); err != nil {
			n.log.Error("relay failed, messages are no longer published or received; restart the node", "err", err)
		}
	})
	srv := &http.Server{
		Handler: n.handler,
		// OPTIONS * is for the handler, too, as it is in Node.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            headerTimeout,
		MaxHeaderBytes:               maxHeader,
		IdleTimeout:                  idleTimeout,
		ErrorLog:                     slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	var web sync.WaitGroup
	select {
	case <-n.relay.Ready():
	case <-time.After(firstSubscription):
	case <-ctx.Done():
	}
	web.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("web server failed, the node accepts no connections any more; restart it", "err", err)
		}
	})
	listening()
	<-ctx.Done()

	bye, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	web.Go(func() {
		if err := srv.Shutdown(bye); err != nil {
			srv.Close()
		}
	})
	if err := n.engine.Shutdown(bye); err != nil {
		n.log.Warn("some sessions did not end before the shutdown timeout", "err", err)
	}
	web.Wait()
	stopRelay()
	relay.Wait()
	n.bridge.Close()
	n.chat.Close()
}

// Command tsunagu runs a Socket.IO chat. It runs one node per port, and Redis pub/sub
// connects the nodes, also those of other processes.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tsunagu/adapter"
	"tsunagu/internal/engine"
	"tsunagu/internal/health"
	"tsunagu/internal/limit"
	"tsunagu/internal/node"
)

// Exit statuses.
const (
	exitFailure = 1
	exitUsage   = 2
	exitSignal  = 128 // and the number of the signal
)

// gcPercent is the heap growth in percent that starts a garbage collection; GOGC
// overrides it. It is half of Go's default: the heap is mostly idle connections, so
// there is little garbage, and with the default the heap would hold more of it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go stopOn(signals, stop, os.Exit)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// stopOn calls stop at the first signal. At the second it calls exit with the status
// that shells give to a process that the signal has ended.
func stopOn(signals <-chan os.Signal, stop func(), exit func(status int)) {
	<-signals
	stop()
	again := <-signals
	status := exitFailure
	if number, ok := again.(syscall.Signal); ok {
		status = exitSignal + int(number)
	}
	exit(status)
}

// run does the work of main and returns the exit status.
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
		level := &slog.HandlerOptions{Level: opts.logLevel}
		log := slog.New(slog.NewTextHandler(stderr, level))
		if opts.logJSON {
			log = slog.New(slog.NewJSONHandler(stderr, level))
		}
		adapter.RouteLogs(log)
		var listeners []net.Listener
		if listeners, err = listen(opts); err == nil {
			err = serve(ctx, listeners, opts, log, stdout)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "tsunagu: %v\n", err)
		return exitFailure
	}
	return 0
}

// version returns the line that -version prints: module version, commit and Go
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

// options holds the settings from flags and environment.
type options struct {
	version  bool
	check    *string // URL of the node to check
	ports    []int
	host     string
	admin    string      // where the admin server listens; empty: there is none
	node     node.Config // without port; without Redis: use localhost, or an embedded Redis
	limits   limit.Config
	logLevel slog.Level
	logJSON  bool
}

func parseOptions(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	fs := flag.NewFlagSet("tsunagu", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error, in one line
	f := defineFlags(fs, getenv)
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
	if f.check != nil || f.version {
		return options{check: f.check, version: f.version}, nil
	}
	return f.options(getenv)
}

// flags holds the values of the flags as they were given.
type flags struct {
	ports, host, redis, relay, buffer, clients, ioUring, drain, admin, log string

	origins, maxMessage, messageRate, maxSessions, maxPerAddress, handshakeRate, trustProxy string

	verbose, version bool
	check            *string
}

// defineFlags defines the flags. Their defaults come from the environment.
func defineFlags(fs *flag.FlagSet, getenv func(string) string) *flags {
	f := &flags{}
	text := func(p *string, name, variable, def, usage string) {
		if v := getenv(variable); v != "" {
			def = v
		}
		fs.StringVar(p, name, def, usage+" ("+variable+")")
	}
	text(&f.ports, "port", "PORT", "3000,3001", "ports to listen on, one node per port")
	text(&f.host, "host", "HOST", "", "interface to listen on; empty for all")
	// The environment's URL is not the default, because -help prints defaults and the URL
	// may have a password.
	fs.StringVar(&f.redis, "redis", "", "Redis: redis://, rediss:// or unix:// (REDIS_URL);\n"+
		"without it localhost:6379, and an embedded Redis if there is none")
	text(&f.relay, "relay", "RELAY", "auto", "how messages travel between nodes: log, through a log in Redis, so that none is lost;\n"+
		"plain, by pub/sub alone; auto, log where Redis allows it")
	text(&f.buffer, "buffer", "BUFFER", "16777216", "bytes of messages that may wait for Redis; then the node stops reading from clients that send")
	text(&f.clients, "clients", "CLIENTS", "2,4", "Socket.IO clients to serve: 2 for 1.x and 2.x, 4 for 3.x and 4.x")
	text(&f.ioUring, "io-uring", "IO_URING", "auto", "io_uring, which writes to many clients in one system call:\n"+
		"auto to use it if the kernel offers it, or off")
	text(&f.origins, "origins", "ORIGINS", "*", "origins of the pages that may connect, with commas, such as https://chat.example")
	text(&f.maxMessage, "max-message", "MAX_MESSAGE", "1000000", "bytes of a message or request of a client")
	text(&f.messageRate, "message-rate", "MESSAGE_RATE", "0", "packets a second of a session, and after a comma how many at once; 0 for any number.\n"+
		"The node reads no faster from a client that sends more")
	text(&f.maxSessions, "max-sessions", "MAX_SESSIONS", "0", "sessions of all ports together; 0 for as many as the limit of descriptors allows")
	text(&f.maxPerAddress, "max-sessions-per-address", "MAX_SESSIONS_PER_ADDRESS", "0",
		"sessions of an IPv4 address or an IPv6 network of 64 bits; 0 for any number")
	text(&f.handshakeRate, "handshake-rate", "HANDSHAKE_RATE", "0",
		"handshakes a second of such an address, and after a comma how many at once; 0 for any number")
	text(&f.trustProxy, "trust-proxy", "TRUST_PROXY", "", "addresses and networks of the proxies whose X-Forwarded-For tells\n"+
		"the address of a client, with commas")
	text(&f.drain, "drain", "DRAIN", "10s", "how long a shutdown may take: messages are published and delivered, and clients told to go")
	text(&f.admin, "admin", "ADMIN", "", "address of the admin server, which has no access control; off when empty")
	text(&f.log, "log", "LOG", "text", "format of the log: text or json")
	fs.BoolVar(&f.verbose, "verbose", getenv("VERBOSE") != "", "also log dropped messages and closed sessions (VERBOSE)")
	fs.BoolVar(&f.version, "version", false, "print module version, commit and Go version, and exit")
	// fs.Func and not fs.String, because an empty URL, as from an unset variable, must fail.
	fs.Func("check", "check whether the node at `URL` serves clients, and exit: status 0 if it does, 1 if not", func(url string) error {
		f.check = &url
		return nil
	})
	return f
}

// options checks the values of the flags.
func (f *flags) options(getenv func(string) string) (opts options, err error) {
	opts = options{host: f.host, admin: f.admin}
	if f.verbose {
		opts.logLevel = slog.LevelDebug
	}
	if opts.ports, err = parsePorts(f.ports); err != nil {
		return options{}, err
	}
	if opts.node.Engine.Revisions, err = parseClients(f.clients); err != nil {
		return options{}, err
	}
	if opts.node.Relay, err = adapter.ParseMode(f.relay); err != nil {
		return options{}, err
	}
	if opts.node.Buffer, err = parseNumber("buffer", f.buffer, minBuffer); err != nil {
		return options{}, err
	}
	if err := f.limits(&opts); err != nil {
		return options{}, err
	}
	ioUring, err := parseChoice("io-uring", f.ioUring, "auto", "off")
	if err != nil {
		return options{}, err
	}
	opts.node.NoIOUring = !ioUring
	if opts.node.Drain, err = parseDrain(f.drain); err != nil {
		return options{}, err
	}
	if opts.logJSON, err = parseChoice("log", f.log, "json", "text"); err != nil {
		return options{}, err
	}
	if f.admin != "" {
		if _, _, err := net.SplitHostPort(f.admin); err != nil {
			return options{}, fmt.Errorf("admin: %w; want one such as localhost:9090", err)
		}
	}
	if url := cmp.Or(f.redis, getenv("REDIS_URL")); url != "" {
		opts.node.Redis, err = adapter.ParseURL(url)
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

const (
	// minBuffer is the smallest buffer, in bytes: it holds one line of any length.
	minBuffer = 1 << 20
	// minMessage is the smallest maximum of a message, in bytes: a CONNECT with a few
	// query parameters is shorter.
	minMessage = 1000
)

// limits checks the values of the flags that bound what clients may use.
func (f *flags) limits(opts *options) (err error) {
	e, l := &opts.node.Engine, &opts.limits
	if e.Origins, err = engine.ParseOrigins(f.origins); err != nil {
		return fmt.Errorf("origins %w", err)
	}
	if e.MaxPayload, err = parseNumber("max-message", f.maxMessage, minMessage); err != nil {
		return err
	}
	if e.MessageRate, e.MessageBurst, err = limit.ParseRate(f.messageRate); err != nil {
		return fmt.Errorf("message-rate %w", err)
	}
	if l.MaxSessions, err = parseNumber("max-sessions", f.maxSessions, 0); err != nil {
		return err
	}
	if l.MaxPerAddress, err = parseNumber("max-sessions-per-address", f.maxPerAddress, 0); err != nil {
		return err
	}
	if l.HandshakeRate, l.HandshakeBurst, err = limit.ParseRate(f.handshakeRate); err != nil {
		return fmt.Errorf("handshake-rate %w", err)
	}
	if l.Proxies, err = limit.ParseProxies(f.trustProxy); err != nil {
		return fmt.Errorf("trust-proxy %w", err)
	}
	return nil
}

func parseNumber(name, value string, least int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least {
		return 0, fmt.Errorf("%s %q: want a number, at least %d", name, value, least)
	}
	return n, nil
}

func parseDrain(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("drain %q: want a duration above zero, such as 10s", s)
	}
	return d, nil
}

// parseClients converts versions of Socket.IO to revisions of Engine.IO, which
// operators need not know.
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

// parseChoice tells whether the value of a flag is yes and not no.
func parseChoice(name, value, yes, no string) (bool, error) {
	if value != yes && value != no {
		return false, fmt.Errorf("%s %q: want %s or %s", name, value, yes, no)
	}
	return value == yes, nil
}

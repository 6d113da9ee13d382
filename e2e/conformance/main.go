// Command conformance serves what public test suites of Engine.IO and Socket.IO
// expect of a server, with the engine and the Socket.IO layer of the product:
//
//	go run ./e2e/conformance -profile sio5 -addr :3000
//
// The suites are those of the protocols' own repositories and of the JavaScript
// clients. Its own tests check each statement of the protocol texts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

// shutdownTimeout is how long sessions have to end.
const shutdownTimeout = 5 * time.Second

func main() {
	names := slices.Sorted(maps.Keys(profiles))
	name := flag.String("profile", "", "what to serve: "+strings.Join(names, ", "))
	addr := flag.String("addr", "localhost:3000", "address to listen on")
	delay := flag.Duration("delay", 0, "time to wait before each handshake is answered")
	flag.Parse()
	p, ok := profiles[*name]
	if !ok || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "conformance: want -profile", strings.Join(names, ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", *addr)
	if err == nil {
		fmt.Printf("serving %s on %s\n", *name, l.Addr())
		err = serve(ctx, l, p, *delay)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// A profile is one server that suites expect.
type profile struct {
	path     string
	engine   engine.Config
	echo     *echo         // what it does with messages, or
	bridge   bridge.Config // with Socket.IO:
	register func(*bridge.Server)
}

// serve serves a profile until ctx is done.
func serve(ctx context.Context, l net.Listener, p profile, delay time.Duration) error {
	handler, stop := p.handler()
	mux := http.NewServeMux()
	mux.Handle(p.path, delayHandshake(handler, delay))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
		ended <- nil
	}
	timeout, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err = errors.Join(err, stop(timeout), srv.Shutdown(timeout))
	<-ended
	return err
}

// handler returns the handler of a profile, and what ends it.
func (p profile) handler() (http.Handler, func(context.Context) error) {
	if p.echo != nil {
		eng := engine.New(p.engine, p.echo)
		return eng, eng.Shutdown
	}
	srv := bridge.New(p.bridge)
	p.register(srv)
	eng := engine.New(p.engine, srv)
	return eng, func(ctx context.Context) error {
		err := eng.Shutdown(ctx)
		srv.Close()
		return err
	}
}

func delayHandshake(h http.Handler, delay time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if delay > 0 && !r.URL.Query().Has("sid") {
			wait := time.NewTimer(delay)
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-r.Context().Done():
			}
		}
		h.ServeHTTP(w, r)
	})
}

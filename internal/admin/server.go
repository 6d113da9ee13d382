package admin

import (
	"context"
	_ "embed" // for the page
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tsunagu/internal/panics"
)

//go:embed page.html
var page []byte

// A Node is a node of this process. Figures may be called concurrently, is
// called often, and must not block.
type Node interface {
	Figures() Figures
}

// Config holds what a Server can be told. The zero value of each field stands
// for its default.
type Config struct {
	// Nodes are those of this process.
	Nodes []Node
	// Others returns what the nodes of other processes reported, as
	// Figures.Encode made it. Default: there are none.
	Others func(ctx context.Context) ([][]byte, error)
	// Interval is the time between two samples of the page. Default 2 s.
	Interval time.Duration
	// Panics gets the panics of nodes. Default: nobody is told.
	Panics *panics.Recorder
	// Logger is told of errors, at debug level. Default: nobody is.
	Logger *slog.Logger
}

// A Server serves the operator.
type Server struct {
	cfg     Config
	history history
}

// New returns a server that does not run yet.
func New(cfg Config) *Server {
	if cfg.Interval == 0 {
		cfg.Interval = 2 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, history: history{max: max(1, int(window/cfg.Interval))}}
}

const (
	// headerTimeout is how long the header of a request may take to arrive.
	headerTimeout = 10 * time.Second
	// answerTimeout is how long a request may take altogether. A profile of the
	// CPU takes 30 s unless it is told otherwise.
	answerTimeout = 5 * time.Minute
)

// Run serves on l until ctx is done, and then ends at once. It closes l.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      answerTimeout,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	var running sync.WaitGroup
	running.Go(func() { s.sample(ctx) })
	running.Go(func() {
		<-ctx.Done()
		srv.Close()
	})
	err := srv.Serve(l)
	cancel()
	running.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /history", s.serveHistory)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(newRegistry(s.cfg.Nodes, s.cfg.Panics), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	// The page needs nothing but itself and this server.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "+
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Write(page)
}

// serveHistory answers with the samples that the page does not have yet.
func (s *Server) serveHistory(w http.ResponseWriter, r *http.Request) {
	after := int64(0)
	if q := r.URL.Query().Get("after"); q != "" {
		var err error
		if after, err = strconv.ParseInt(q, 10, 64); err != nil {
			http.Error(w, "after: want the number of a sample", http.StatusBadRequest)
			return
		}
	}
	answer := struct {
		Interval float64   `json:"interval"` // between samples, in seconds
		Window   float64   `json:"window"`   // of time that the page shows, in seconds
		Bounds   []float64 `json:"bounds"`   // of the buckets of histograms, in seconds
		Samples  []Sample  `json:"samples"`
	}{s.cfg.Interval.Seconds(), window.Seconds(), bounds(), s.history.after(after)}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(answer)
}

func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if words := unreadyWords(s.cfg.Nodes); words != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, words)
		return
	}
	io.WriteString(w, "ready\n")
}

// unreadyWords says why nodes are not ready, one line for each reason; empty
// if all are.
func unreadyWords(nodes []Node) (words string) {
	for _, n := range nodes {
		f := n.Figures()
		for _, why := range f.Unready {
			words += fmt.Sprintf("node %s: %s\n", f.Node, why)
		}
	}
	return words
}

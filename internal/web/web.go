// Package web is the HTTP server of a node: net/http's, with bounds on what a
// request may hold before and while it is served.
package web

import (
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"tsunagu/internal/panics"
)

// Config holds what a Server can be told. The zero value of each field stands
// for its default.
type Config struct {
	// HeaderTimeout is how long the header of a request may take to arrive.
	// Default 10 s.
	HeaderTimeout time.Duration
	// BodyTimeout is how long the body of a request may take to arrive, however
	// it is trickled. Default 30 s.
	BodyTimeout time.Duration
	// WriteTimeout is how long a request may take from the end of its header to the
	// end of its answer, unless the handler sets a write deadline. Default 2 min,
	// which is longer than a poll waits.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection is kept between two requests.
	// Default 1 min.
	IdleTimeout time.Duration
	// MaxHeaderBytes is how long a header may be, in bytes. Default 16 KiB, as
	// in Node: a session keeps its header.
	MaxHeaderBytes int
	// MaxHeaders is how many fields a header may have. Default 100. A map of
	// fields takes twenty times the memory of their bytes.
	MaxHeaders int
	// Panics gets the panics of the handler. Default: nobody is told.
	Panics *panics.Recorder
	// Logger gets what net/http reports, at debug level. Default: none.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.HeaderTimeout, 10*time.Second)
	def(&c.BodyTimeout, 30*time.Second)
	def(&c.WriteTimeout, 2*time.Minute)
	def(&c.IdleTimeout, time.Minute)
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = 16 << 10
	}
	if c.MaxHeaders == 0 {
		c.MaxHeaders = 100
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// A Server is an http.Server whose handler runs within the bounds of a Config.
type Server struct {
	http.Server
	cfg     Config
	handler http.Handler
	stats   struct{ tooManyHeaders atomic.Int64 }
}

// Stats are counters since New.
type Stats struct {
	TooManyHeaders int64 // requests refused with 431
}

// New returns a server for h that does not listen yet.
func New(h http.Handler, cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, handler: h}
	s.Server = http.Server{
		Handler: http.HandlerFunc(s.serve),
		// OPTIONS * is for the handler, too, as it is in Node.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            cfg.HeaderTimeout,
		MaxHeaderBytes:               cfg.MaxHeaderBytes,
		WriteTimeout:                 cfg.WriteTimeout,
		IdleTimeout:                  cfg.IdleTimeout,
		ErrorLog:                     slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}
	return s
}

// Stats returns the counters. It may be called concurrently.
func (s *Server) Stats() Stats {
	return Stats{TooManyHeaders: s.stats.tooManyHeaders.Load()}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.cfg.Panics.Recover(panics.Request, abort)
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	if fields > s.cfg.MaxHeaders {
		s.stats.tooManyHeaders.Add(1)
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	if len(r.TransferEncoding) > 0 {
		// A request with a Content-Length as well must be refused, or the connection
		// closed behind it (RFC 9112, section 6.1): a proxy that goes by the length
		// would pass on a second request, which nobody has checked. net/http drops the
		// Content-Length before a handler can see it.
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 {
		w = s.boundBody(w, r)
	}
	s.handler.ServeHTTP(w, r)
}

// abort ends the connection of a request whose handler has panicked.
func abort() { panic(http.ErrAbortHandler) }

const (
	// restTimeout is how long an answer waits for a body that the handler has not
	// read. Most bodies have arrived with their header.
	restTimeout = 100 * time.Millisecond
	// maxRest is how many bytes of such a body are read.
	maxRest = 256 << 10
)

// boundBody gives the body of a request a deadline until it has been read.
func (s *Server) boundBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	body := &boundedBody{ReadCloser: r.Body, conn: http.NewResponseController(w)}
	body.expected = r.Header.Get("Expect") != ""
	body.chunked = len(r.TransferEncoding) > 0
	body.conn.SetReadDeadline(time.Now().Add(s.cfg.BodyTimeout))
	r.Body = body
	return &bodyResponseWriter{ResponseWriter: w, body: body}
}

// A boundedBody is a body with a deadline.
type boundedBody struct {
	io.ReadCloser
	conn *http.ResponseController
	err  error // io.EOF when the body has been read
	// expected tells that the client sends the body when a Read has asked for it
	// (RFC 9110, section 10.1.1).
	expected bool
	chunked  bool // the connection closes after it, whatever the handler wants
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.expected = false
	n, err := b.ReadCloser.Read(p)
	if b.err = err; err == io.EOF {
		b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// A bodyResponseWriter reads what the handler has left of the body before it
// answers. If the body does not arrive, the connection closes after the answer;
// net/http would wait for it.
type bodyResponseWriter struct {
	http.ResponseWriter
	body   *boundedBody
	header bool // has been written
}

func (w *bodyResponseWriter) WriteHeader(status int) {
	if !w.header {
		w.header = true
		w.finishBody()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *bodyResponseWriter) finishBody() {
	unwanted := w.Header().Get("Connection") == "close" && !w.body.chunked
	if w.body.err == nil && !w.body.expected && !unwanted {
		w.body.conn.SetReadDeadline(time.Now().Add(restTimeout))
		io.CopyN(io.Discard, w.body, maxRest)
	}
	if w.body.err != io.EOF {
		w.Header().Set("Connection", "close")
	}
}

func (w *bodyResponseWriter) Write(p []byte) (int, error) {
	if !w.header {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find the connection.
func (w *bodyResponseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

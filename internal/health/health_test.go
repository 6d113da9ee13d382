package health

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const handshake = `96:0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000}2:40`

// A log records requests.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Method+" "+r.RequestURI+" "+string(body))
}

func TestCheckOpensAndCloses(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	for _, path := range []string{"", "/", "/prefix", "/prefix/"} {
		var asked log
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.add(r)
			_, _ = io.WriteString(w, handshake)
		}))
		if err := Check(t.Context(), srv.URL+path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
		srv.Close()
		target := strings.TrimSuffix(path, "/") + "/socket.io/?EIO=3&transport=polling"
		want := "GET " + target + " \nPOST " + target + "&sid=AAAAAAAAAAAAAAAAAAAA 1:1"
		if got := strings.Join(asked.lines, "\n"); got != want {
			t.Errorf("%q: the requests were\n%s\nwant\n%s", path, got, want)
		}
	}
}

// Behind a load balancer another node may get the second request.
func TestOnlyTheHandshakeCounts(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, handshake)
	}))
	defer srv.Close()
	if err := Check(t.Context(), srv.URL); err != nil {
		t.Error(err)
	}
}

func TestCheckFails(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		answer, want string
	}{
		"an error":                        {502, handshake, "502"},
		"a redirect":                      {302, handshake, "302"},
		"a page":                          {200, "<!doctype html>", "no handshake"},
		"nothing":                         {200, "", "no handshake"},
		"another packet":                  {200, "2:40" + handshake, "no handshake"},
		"no session id":                   {200, "3:0{}", "no handshake"},
		"invalid JSON":                    {200, "2:0{", "no handshake"},
		"Engine.IO 4":                     {200, `0{"sid":"A"}`, "no handshake"},
		"an answer longer than the limit": {200, "99999999:0" + strings.Repeat("x", 1<<20), "no handshake"},
		"a sid of another type":           {200, `10:0{"sid":1}`, "no handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer srv.Close()
			err := Check(t.Context(), srv.URL)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), srv.URL) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want one line about %q that names the URL", err, c.want)
			}
		})
	}
}

func TestCheckWantsAURL(t *testing.T) {
	for _, base := range []string{"", "localhost:3000", "3000", "ftp://localhost", "http://", "http://u:hunter2@x:y", "http://u:hunter2@x\n"} {
		err := Check(t.Context(), base)
		if err == nil || !strings.Contains(err.Error(), "want a URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error is %v, want an example of a URL and no password", base, err)
		}
	}
}

func TestCheckShowsNoPassword(t *testing.T) {
	err := Check(t.Context(), "http://u:hunter2@127.0.0.1:1")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error is %v, want a refused connection and no password", err)
	}
}

// A node that accepts the connection and does not answer.
func TestNoAnswer(t *testing.T) {
	asked := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer srv.Close()
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-asked; stop() }()
	if err := Check(ctx, srv.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want that of the cancelled context", err)
	}
	if err := shorten(&url.Error{Err: context.DeadlineExceeded}); err.Error() != "no answer within 3s" {
		t.Errorf("the error of a timeout is %v, want one that names the timeout", err)
	}
}

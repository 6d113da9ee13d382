package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fakeNode reports what a test gave it.
type fakeNode struct{ figures atomic.Pointer[Figures] }

func (n *fakeNode) Figures() Figures { return *n.figures.Load() }

func (n *fakeNode) report(f Figures) { n.figures.Store(&f) }

func newFakeNode(f Figures) *fakeNode {
	n := &fakeNode{}
	n.report(f)
	return n
}

// sampleFigures has something in each figure.
func sampleFigures(port string, unready ...string) Figures {
	f := Figures{
		Name: "host:" + port, Node: port, At: time.Unix(1000, 0), Unready: unready,
		Sessions: []Sessions{{"3", "polling", 1}, {"4", "websocket", 2}},
		Opened:   map[string]int64{"3": 3, "4": 4}, Upgrades: 5,
		Closed: map[string]int64{"ping timeout": 6}, Refused: map[string]int64{"bad request": 7},
		Messages: 8, BytesIn: 9, BytesOut: 10, LinesIn: 11, LinesOut: 12,
		LinesDropped: map[string]int64{"no text": 13}, Listeners: 14, IOUring: true,
		Slowed: 22, MaxSessions: 23, Connections: 24, MaxConnections: 25, ConnectionsRefused: 26, QueuedBytes: 28, PausedSessions: 29,
		Panics: map[string]int64{"timer": 27},
		Redis:  Redis{Subscribed: true, Published: 15, Again: 21, Reconnects: 16, Gaps: 17, Lost: 18, Waiting: 19, WaitingBytes: 20},
	}
	f.RelayDelay.Counts[3], f.RelayDelay.Sum = 21, 0.021
	f.FanoutDelay.Counts[0], f.FanoutDelay.Counts[len(f.FanoutDelay.Counts)-1], f.FanoutDelay.Sum = 1, 1, 70
	return f
}

// run serves until the test ends and returns a function that asks for a path.
func run(t *testing.T, cfg Config) (get func(path string) (status int, body string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(cfg).Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	first, second := newFakeNode(sampleFigures("1")), newFakeNode(sampleFigures("2"))
	get := run(t, Config{Nodes: []Node{first, second}})
	want := func(path string, status int, body string) {
		t.Helper()
		if gotStatus, gotBody := get(path); gotStatus != status || gotBody != body {
			t.Errorf("%s: status %d %q, want %d %q", path, gotStatus, gotBody, status, body)
		}
	}
	want("/healthz", 200, "ok\n")
	want("/readyz", 200, "ready\n")
	second.report(sampleFigures("2", "redis is not subscribed", "draining"))
	want("/readyz", 503, "node 2: redis is not subscribed\nnode 2: draining\n")
	want("/healthz", 200, "ok\n")
	second.report(sampleFigures("2"))
	want("/readyz", 200, "ready\n")
}

func TestPagesThatThereAre(t *testing.T) {
	get := run(t, Config{Nodes: []Node{newFakeNode(sampleFigures("1"))}})
	for path, want := range map[string]string{
		"/":                              "<title>Tsunagu</title>",
		"/metrics":                       "\ngo_goroutines ",
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile: total",
		"/debug/pprof/cmdline":           "admin",
	} {
		if status, body := get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, %d bytes; want 200 and %q in them", path, status, len(body), want)
		}
	}
	for path, want := range map[string]int{"/index.html": 404, "/socket.io/": 404, "/history?after=x": 400} {
		if status, _ := get(path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	for _, address := range []string{"http://", "https://", "//cdn", "@import", "url("} {
		if rest := strings.ReplaceAll(string(page), "http://www.w3.org/2000/svg", ""); strings.Contains(rest, address) {
			t.Errorf("the page holds %q", address)
		}
	}
}

// A listener that fails while serving is an error, and nothing is left running.
func TestListenerFails(t *testing.T) {
	broken := errors.New("broken")
	if err := New(Config{}).Run(t.Context(), brokenListener{broken}); !errors.Is(err, broken) {
		t.Errorf("Run returned %v, want %v", err, broken)
	}
}

type brokenListener struct{ err error }

func (l brokenListener) Accept() (net.Conn, error) { return nil, l.err }
func (l brokenListener) Close() error              { return nil }
func (l brokenListener) Addr() net.Addr            { return &net.TCPAddr{} }

type historyAnswer struct {
	Interval, Window float64
	Bounds           []float64
	Samples          []Sample
}

// The history has the nodes of this process, and those others that make sense.
func TestHistory(t *testing.T) {
	var fail atomic.Bool
	others := func(context.Context) ([][]byte, error) {
		if fail.Load() {
			return nil, errors.New("redis is away")
		}
		return [][]byte{
			sampleFigures("9", "draining").Encode(),
			[]byte("nonsense"),
			[]byte(`{}`),
			[]byte(`{"name":"` + strings.Repeat("x", maxReport) + `","at":"2026-01-01T00:00:00Z"}`),
			[]byte(`{"name":"later:1","at":"2026-01-01T00:00:00Z","invented":{"later":true}}`),
		}, nil
	}
	get := run(t, Config{Nodes: []Node{newFakeNode(sampleFigures("1"))}, Others: others, Interval: time.Millisecond})
	last := func() (a historyAnswer) {
		t.Helper()
		status, body := get("/history")
		if err := json.Unmarshal([]byte(body), &a); status != 200 || err != nil {
			t.Fatalf("/history: status %d, error %v", status, err)
		}
		return a
	}
	var a historyAnswer
	for len(a.Samples) == 0 {
		a = last()
	}
	s := a.Samples[0]
	if len(s.Local) != 1 || s.Local[0].Name != "host:1" || len(s.Others) != 2 || s.Others[0].Name != "host:9" || s.Others[1].Name != "later:1" {
		t.Errorf("the sample has %d nodes here and %d elsewhere: %+v", len(s.Local), len(s.Others), s)
	}
	if got, want := string(s.Others[0].Encode()), string(sampleFigures("9", "draining").Encode()); got != want {
		t.Errorf("the figures of another node came as\n%s\nwant\n%s", got, want)
	}
	if a.Interval != 0.001 || a.Window != 300 || len(a.Bounds)+1 != len(s.Local[0].RelayDelay.Counts) {
		t.Errorf("interval %v s, window %v s, %d bounds", a.Interval, a.Window, len(a.Bounds))
	}
	fail.Store(true)
	for len(s.Others) != 0 || len(s.Local) != 1 {
		a = last()
		s = a.Samples[len(a.Samples)-1]
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := history{max: 3}
	if got := h.after(0); len(got) != 0 {
		t.Errorf("an empty history has %d samples", len(got))
	}
	for range 5 {
		h.add(nil, nil)
	}
	for after, want := range map[int64][]int64{0: {3, 4, 5}, 3: {4, 5}, 5: {}, 6: {3, 4, 5}, -1: {3, 4, 5}} {
		var got []int64
		for _, s := range h.after(after) {
			got = append(got, s.Seq)
		}
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("after %d: samples %v, want %v", after, got, want)
		}
	}
}

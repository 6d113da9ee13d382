package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tsunagu/adapter"
	"tsunagu/internal/admin"
	"tsunagu/internal/bridge"
	"tsunagu/internal/chat"
	"tsunagu/internal/engine"
	"tsunagu/internal/limit"
	"tsunagu/internal/panics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// await waits for what must come true.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("after 20 s it is not true that %s", what)
		}
	}
}

// newNode runs a whole node until the test ends.
func newNode(t *testing.T, port int, m *miniredis.Miniredis) (n *Node, url string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	relay := adapter.New(&redis.Options{Addr: m.Addr()}, adapter.Config{Logger: log})
	c := chat.New(chat.Config{Publisher: relay})
	b := bridge.New(bridge.Config{Audience: c})
	c.Register(b)
	limiter := limit.New(limit.Config{MaxSessions: 100})
	e := engine.New(engine.Config{Admission: limiter, MessageRate: 0.1, MessageBurst: 2}, b)
	web := httptest.NewUnstartedServer(e)
	l := limit.NewConnections(50).Listen(web.Listener.(*net.TCPListener))
	web.Listener = l
	web.Start()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx, c) })
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		web.Close()
		stop()
		running.Wait()
		b.Close()
		c.Close()
	})
	return &Node{Port: port, Engine: e, Bridge: b, Chat: c, Relay: relay, Panics: panics.New(nil), Limiter: limiter, Listener: l}, web.URL
}

// ask makes a request of a polling client.
func ask(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestFigures(t *testing.T) {
	n, url := newNode(t, 3000, miniredis.RunT(t))
	await(t, "redis is subscribed", n.Relay.Subscribed)
	const query = "/?EIO=4&transport=polling"
	_, handshake, _ := strings.Cut(ask(t, "GET", url+query, ""), "0")
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(handshake), &open); err != nil {
		t.Fatalf("handshake %q: %v", handshake, err)
	}
	session := url + query + "&sid=" + open.SID
	const said = "40\x1e" + `42["chat","hello"]` + "\x1e" + `42["chat"]`
	ask(t, "POST", session, said)
	for answer := ""; !strings.Contains(answer, "hello"); {
		answer = ask(t, "GET", session, "")
	}
	ask(t, "GET", url+"/?transport=pigeon", "")
	await(t, "both lines are counted everywhere", func() bool {
		f := n.Figures()
		return f.LinesIn == 1 && f.LinesOut == 1 && f.Redis.Published == 1 && f.LinesDropped["no text"] == 1 &&
			f.RelayDelay.Sum > 0 && f.FanoutDelay.Sum > 0
	})
	await(t, "the connections of all requests are closed", func() bool { return n.Figures().Connections == 0 })

	f := n.Figures()
	if !strings.HasSuffix(f.Name, ":3000") || f.Node != "3000" || time.Since(f.At) > time.Minute {
		t.Errorf("the node is called %q and %q at %v", f.Name, f.Node, f.At)
	}
	if len(f.Sessions) != 4 || !slices.Contains(f.Sessions, admin.Sessions{EIO: "4", Transport: "polling", Count: 1}) ||
		!slices.Contains(f.Sessions, admin.Sessions{EIO: "3", Transport: "websocket"}) {
		t.Errorf("sessions %v, want four pairs of which 4 over polling has one", f.Sessions)
	}
	if f.Opened["4"] != 1 || f.Opened["3"] != 0 || f.Listeners != 1 || f.Messages != 3 || f.Refused["transport unknown"] != 1 {
		t.Errorf("opened %v, listeners %d, messages %d, refused %v", f.Opened, f.Listeners, f.Messages, f.Refused)
	}
	if f.LinesIn != 1 || f.LinesDropped["no text"] != 1 || f.BytesIn != int64(len(said)) || f.BytesOut == 0 {
		t.Errorf("lines in %d, dropped %v, bytes in %d, out %d", f.LinesIn, f.LinesDropped, f.BytesIn, f.BytesOut)
	}
	if f.MaxSessions != 100 || f.MaxConnections != 50 || f.Slowed != 1 || f.ConnectionsRefused != 0 {
		t.Errorf("at most %d sessions and %d connections, %d refused, %d pauses; want 100, 50, 0, 1",
			f.MaxSessions, f.MaxConnections, f.ConnectionsRefused, f.Slowed)
	}
	if !f.Redis.Subscribed || f.Redis.Waiting != 0 {
		t.Errorf("redis %+v, want it subscribed and nothing to wait", f.Redis)
	}
	if places := slices.Sorted(maps.Keys(f.Panics)); !slices.Equal(places, []string{"fanout", "handler", "relay", "report", "request", "timer", "websocket", "write"}) {
		t.Errorf("panics %v, want a number for each place", f.Panics)
	}
	if _, shown := f.Closed["too slow"]; !shown {
		t.Errorf("closes %v lack a reason that did not happen yet", f.Closed)
	}
}

func TestUnready(t *testing.T) {
	m := miniredis.RunT(t)
	n, _ := newNode(t, 3000, m)
	unready := func(want ...string) {
		t.Helper()
		if got := n.Figures().Unready; !slices.Equal(got, want) {
			t.Errorf("unready because of %q, want %q", got, want)
		}
	}
	await(t, "redis is subscribed", n.Relay.Subscribed)
	unready("starting")
	n.Serving()
	unready()
	m.Close()
	await(t, "redis is not subscribed", func() bool { return !n.Relay.Subscribed() })
	unready("redis is not subscribed")
	n.Draining()
	unready("redis is not subscribed", "draining")
}

// Two processes on one Redis see each other's nodes on their pages, and one
// that has no page is seen as well.
func TestProcessesSeeEachOther(t *testing.T) {
	m := miniredis.RunT(t)
	var urls []string
	for i := range 3 {
		n, _ := newNode(t, 3000+i, m)
		n.Serving()
		cfg := Config{Nodes: []*Node{n}, Redis: &redis.Options{Addr: m.Addr()}, Logger: slog.New(slog.DiscardHandler)}
		if i < 2 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Admin = l
			urls = append(urls, "http://"+l.Addr().String())
		}
		t.Cleanup(Start(cfg))
	}
	private, _ := newNode(t, 3003, m) // reports to nobody
	t.Cleanup(Start(Config{Nodes: []*Node{private}, Logger: slog.New(slog.DiscardHandler)}))
	for i, url := range urls {
		await(t, fmt.Sprintf("process %d shows its node and two others", i), func() bool {
			var history struct{ Samples []admin.Sample }
			if err := json.Unmarshal([]byte(ask(t, "GET", url+"/history", "")), &history); err != nil {
				t.Fatal(err)
			}
			for _, s := range history.Samples {
				if len(s.Local) == 1 && s.Local[0].Node == fmt.Sprint(3000+i) && len(s.Others) == 2 {
					return true
				}
			}
			return false
		})
	}
}

// A panickingListener panics when it is asked for a connection.
type panickingListener struct{ net.Listener }

func (panickingListener) Accept() (net.Conn, error) { panic("Accept broke") }

// A panic ends the admin server and nothing else.
func TestAdminServerPanics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n, _ := newNode(t, 3000, miniredis.RunT(t))
	stop := Start(Config{Nodes: []*Node{n}, Admin: panickingListener{l}, Logger: slog.New(slog.DiscardHandler)})
	await(t, "the panic is counted", func() bool { return n.Figures().Panics["report"] == 1 })
	stop()
}

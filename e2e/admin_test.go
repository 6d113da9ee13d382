//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// An adminPage is the operator's page in a window of its own.
type adminPage struct {
	ctx context.Context
	url string
}

func openAdminPage(t *testing.T, url string) *adminPage {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startBrowser(t), chromedp.WithNewBrowserContext(), chromedp.WithNewWindow(true))
	t.Cleanup(cancel)
	p := &adminPage{ctx, url}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 1000), chromedp.Navigate(url)); err != nil {
		t.Fatalf("opening the admin page: %v", err)
	}
	return p
}

// inPage evaluates JavaScript in the page.
func inPage[T any](t *testing.T, p *adminPage, js string) T {
	t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s in the admin page: %v", js, err)
	}
	return v
}

// shows waits until the text of an element of a node's card holds want.
func (p *adminPage) shows(t *testing.T, n node, selector, want string) {
	t.Helper()
	js := fmt.Sprintf(`(document.querySelector('[data-node$=":%s"] %s') || {textContent: '(nothing)'}).textContent`, n.port, selector)
	eventually(t, waitLimit, func() string {
		if got := inPage[string](t, p, js); !strings.Contains(got, want) {
			trouble := inPage[string](t, p, `document.getElementById('trouble').textContent`)
			return fmt.Sprintf("the card of port %s shows %q at %s, want %q; trouble: %q", n.port, got, selector, want, trouble)
		}
		return ""
	})
}

// startAdmin runs two nodes with an admin server in one process, and one node
// without in another.
func startAdmin(t *testing.T, redis *redisServer) (nodes []node, url string) {
	t.Helper()
	addr := "127.0.0.1:" + freePorts(t, 1)[0]
	nodes = startTsunagu(t, 2, "-redis", redis.url(), "-admin", addr)
	nodes = append(nodes, startTsunagu(t, 1, "-redis", redis.url())...)
	return nodes, "http://" + addr + "/"
}

// The page shows the nodes of its process and of another one: their sessions,
// lines, delays, closes, and what becomes of them when Redis goes.
func TestAdminPage(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes, url := startAdmin(t, redis)
	host := startClientHost(t)
	clients := []*client{
		host.connect(t, "2.1.1", nodes[0], "websocket"),
		host.connect(t, "2.1.1", nodes[0], "polling"),
		host.connect(t, "4.8.4", nodes[1], "websocket"),
		host.connect(t, "4.8.4", nodes[2], "polling"),
		host.connect(t, "4.8.4", nodes[2], "websocket"),
	}
	page := openAdminPage(t, url)
	page.shows(t, nodes[0], `.state`, "ready")
	page.shows(t, nodes[0], `.where`, "this process")
	page.shows(t, nodes[2], `.where`, "another process")
	page.shows(t, nodes[2], `.redis`, "subscribed")
	page.shows(t, nodes[0], `[data-series="1.x, 2.x websocket"]`, "1")
	page.shows(t, nodes[0], `[data-series="1.x, 2.x polling"]`, "1")
	page.shows(t, nodes[1], `[data-series="3.x, 4.x websocket"]`, "1")
	page.shows(t, nodes[2], `[data-series="3.x, 4.x polling"]`, "1")
	page.shows(t, nodes[2], `[data-series="1.x, 2.x polling"]`, "0")

	allReceive(t, clients, chatNumbered(t, clients, "hello", 20)...)
	clients[4].closes(t)
	page.shows(t, nodes[2], `[data-reason="transport close"]`, "transport close")
	for _, chart := range []string{"Sessions", "Lines a second", "Delay", "Bytes a second"} {
		drawn := fmt.Sprintf(`[...document.querySelectorAll('[data-node] [data-chart="%s"] path:first-child')].filter(p => p.getAttribute('d')).length`, chart)
		eventually(t, waitLimit, func() string {
			if n := inPage[int](t, page, drawn); n != len(nodes) {
				return fmt.Sprintf("the chart %q is drawn for %d nodes, want %d", chart, n, len(nodes))
			}
			return ""
		})
	}

	redis.stop(t)
	page.shows(t, nodes[0], `.state`, "not ready: redis is not subscribed")
	page.shows(t, nodes[1], `.redis`, "not subscribed")
	page.shows(t, nodes[2], `.state`, "not heard of")
	clients[0].chat(t, "waits")
	page.shows(t, nodes[0], `[data-series="lines"]`, "1")
	redis.start(t)
	page.shows(t, nodes[0], `[data-series="lines"]`, "0")
	for _, n := range nodes {
		page.shows(t, n, `.state`, "ready")
		page.shows(t, n, `.redis`, "Redis: subscribed")
	}
	page.checkAlone(t)
	nodes[0].proc.signal(t, os.Interrupt)
	nodes[0].proc.exits(t, waitLimit)
	eventually(t, waitLimit, func() string {
		if got := inPage[string](t, page, `document.getElementById('trouble').textContent`); !strings.Contains(got, "does not answer") {
			return fmt.Sprintf("the page says %q about a process that has ended", got)
		}
		return ""
	})
}

// checkAlone fails if the page had errors, or asked anybody but its server.
func (p *adminPage) checkAlone(t *testing.T) {
	t.Helper()
	if trouble := inPage[string](t, p, `document.getElementById('trouble').textContent`); trouble != "" {
		t.Errorf("the page says %q", trouble)
	}
	for _, asked := range inPage[[]string](t, p, `performance.getEntriesByType('resource').map(e => e.name)`) {
		if !strings.HasPrefix(asked, p.url+"history?after=") {
			t.Errorf("the page asked for %s", asked)
		}
	}
}

// TestAdminPicture takes the picture in the docs, as `make admin-picture` asks:
// five minutes of clients that come, speak and go, and of a Redis that is away
// for some seconds.
func TestAdminPicture(t *testing.T) {
	needsTsunagu(t)
	file := os.Getenv("E2E_ADMIN_PICTURE")
	if file == "" {
		t.Skip("E2E_ADMIN_PICTURE names no file for the picture")
	}
	redis := startRedis(t)
	nodes, url := startAdmin(t, redis)
	page := openAdminPage(t, url)
	host := startClientHost(t)
	var clients []*client
	const ticks = 5 * 60 * 5
	tick := time.NewTicker(time.Second / 5)
	defer tick.Stop()
	for i := range ticks {
		<-tick.C
		if wave := math.Sin(float64(i) / 150); i%15 == 0 && wave > -0.3 && len(clients) < 60 {
			transports := [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}, {"polling"}}
			versions := []string{"2.1.1", "2.5.0", "4.8.4", "4.8.4"}
			clients = append(clients, host.open(t, versions[i/15%4], nodes[i/15%3], transports[i/15%4]...))
		} else if i%15 == 0 && len(clients) > 3 {
			clients[0].closes(t)
			clients = clients[1:]
		}
		for range int(3 + 2.9*math.Sin(float64(i)/60)) {
			clients[i%len(clients)].chat(t, fmt.Sprintf("line of tick %d", i))
		}
		switch i {
		case ticks * 6 / 10:
			redis.stop(t)
		case ticks*6/10 + 60:
			redis.start(t)
		}
	}
	page.checkAlone(t)
	height := inPage[float64](t, page, `document.documentElement.scrollHeight`)
	if err := chromedp.Do(page.ctx, chromedp.EmulateViewport(1200, int64(height))); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(page.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

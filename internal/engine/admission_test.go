package engine

import (
	"io"
	"net/http"
	"net/netip"
	"sync"
	"testing"
)

// A testAdmission admits while it has places, and gives each session another address.
type testAdmission struct {
	mu     sync.Mutex
	places int
	reason RefuseReason
	inside map[netip.Addr]bool
	last   netip.Addr
	wrong  int // releases of what was not admitted
}

func newTestAdmission(places int, reason RefuseReason) *testAdmission {
	return &testAdmission{places: places, reason: reason, inside: make(map[netip.Addr]bool), last: netip.MustParseAddr("10.0.0.0")}
}

func (a *testAdmission) Admit(*http.Request) (netip.Addr, RefuseReason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.inside) == a.places {
		return netip.Addr{}, a.reason
	}
	a.last = a.last.Next()
	a.inside[a.last] = true
	return a.last, ""
}

func (a *testAdmission) Release(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.inside[from] {
		a.wrong++
	}
	delete(a.inside, from)
}

// want checks how many are admitted and not released.
func (a *testAdmission) want(t *testing.T, n int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.inside) != n || a.wrong > 0 {
		t.Errorf("%d admissions are not released and %d were released that were none, want %d and 0", len(a.inside), a.wrong, n)
	}
}

func TestAdmissionRefuses(t *testing.T) {
	for reason, want := range map[RefuseReason]struct {
		status  int
		message string
	}{
		RefusedFull:          {503, "Too many sessions"},
		RefusedAddressFull:   {429, "Too many sessions from your address"},
		RefusedHandshakeRate: {429, "Too many handshakes from your address"},
	} {
		t.Run(string(reason), func(t *testing.T) {
			st := newTestServer(t, Config{Admission: newTestAdmission(0, reason)})
			for _, query := range []string{polling3, polling4, polling3 + "&j=0"} {
				a := st.do("GET", query, "", "Origin", "http://page")
				if body := `{"code":4,"message":"` + want.message + `"}`; a.status != want.status || a.body != body {
					t.Errorf("%s: got status %d %q, want %d %s", query, a.status, a.body, want.status, body)
				}
				wantHeader(t, a, "Content-Type", "application/json")
				wantHeader(t, a, "Access-Control-Allow-Origin", "http://page")
				wantHeader(t, a, "Set-Cookie", "")
			}
			for _, query := range []string{websocket3, websocket4} {
				c, resp := st.raw("GET", query, upgradeHeaders, "")
				body, err := io.ReadAll(resp.Body)
				if resp.StatusCode != want.status || string(body) != want.message || err != nil {
					t.Errorf("%s: got %s %q, %v; want %d %s", query, resp.Status, body, err, want.status, want.message)
				}
				c.wantEnd()
			}
			wantCount(t, "refused", st.engine.Stats().Refused, map[RefuseReason]int64{reason: 5})
		})
	}
}

// A place is taken by a session and by nothing else, and is free when the session has
// ended, however that comes.
func TestAdmissionIsReleased(t *testing.T) {
	admission := newTestAdmission(2, RefusedFull)
	st := newTestServer(t, Config{Admission: admission})
	st.do("GET", "transport=pigeon", "")
	st.do("POST", polling3, "")
	st.raw("GET", websocket3, "Connection: Upgrade\r\nUpgrade: websocket\r\n", "")
	st.open(polling3).wantClose(0)
	admission.want(t, 0)

	p := st.connect(polling3)
	c := p.probe()
	c.send("5")
	p.wantUpgraded(c)
	admission.want(t, 1)
	ws4, s := st.join(websocket4)
	admission.want(t, 2)
	if a := st.do("GET", polling4, ""); a.status != 503 {
		t.Errorf("a third session got status %d, want 503", a.status)
	}
	s.Close()
	st.wantClosed(s, ForcedClose)
	ws4.wantClose(0)
	admission.want(t, 1)
	c.conn.Close()
	st.wantClosed(p.session, TransportClose)
	admission.want(t, 0)
	st.connect(polling3)
	if err := st.engine.Shutdown(t.Context()); err != nil {
		t.Error("Shutdown failed: ", err)
	}
	admission.want(t, 0)

	if a := st.do("GET", polling3, ""); a.status != 503 {
		t.Errorf("a handshake after Shutdown got status %d, want 503", a.status)
	}
	st.open(websocket3).wantEnd()
	admission.want(t, 0)
}

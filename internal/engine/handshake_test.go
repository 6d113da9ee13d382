package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{20}$`)

func TestPollingHandshake(t *testing.T) {
	const open3 = `96:0{"sid":"SID","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000}`
	const open4 = `0{"sid":"SID","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	st := newTestServer(t, Config{})
	for _, test := range []struct {
		query, body string
		revision    Revision
	}{
		{polling3, open3, Revision3},
		{polling4, open4, Revision4},
		{"EIO=2&transport=polling", open3, Revision3},
		{"EIO=&transport=polling", open3, Revision3},
		{"EIO=chat&transport=polling", open3, Revision3},
		{"EIO=-4&transport=polling", open3, Revision3},
		{"transport=polling", open3, Revision3},
		{polling3 + "&sid=", open3, Revision3},
		{polling3 + "&t=NxLk&b64=1", open3, Revision3},
		{polling3 + "&j=3", `___eio[3]("` + strings.ReplaceAll(open3, `"`, `\"`) + `");`, Revision3},
		{polling3 + "&j=", `___eio[]("` + strings.ReplaceAll(open3, `"`, `\"`) + `");`, Revision3},
		{polling3 + "&j=alert(1)2", `___eio[12]("` + strings.ReplaceAll(open3, `"`, `\"`) + `");`, Revision3},
		{polling4 + "&j=0", `___eio[0]("` + strings.ReplaceAll(open4, `"`, `\"`) + `");`, Revision4},
	} {
		t.Run(test.query, func(t *testing.T) {
			st := st.in(t)
			a := st.do("GET", test.query, "")
			s := await(t, st.opened, "a session")
			if want := strings.Replace(test.body, "SID", s.ID(), 1); a.status != 200 || a.body != want {
				t.Errorf("got status %d %s, want %s", a.status, a.body, want)
			}
			if !idPattern.MatchString(s.ID()) {
				t.Errorf("the id %q does not look like the original's", s.ID())
			}
			if s.Revision() != test.revision || s.Transport() != "polling" {
				t.Errorf("the session has revision %d over %s, want %d over polling", s.Revision(), s.Transport(), test.revision)
			}
			wantHeader(t, a, "Content-Type", "text/plain; charset=UTF-8")
			wantHeader(t, a, "Content-Length", fmt.Sprint(len(a.body)))
			wantHeader(t, a, "Set-Cookie", "io="+s.ID()+"; Path=/; HttpOnly")
		})
	}
}

func TestWebSocketHandshake(t *testing.T) {
	st := newTestServer(t, Config{PingInterval: time.Second, PingTimeout3: 2 * time.Second, PingTimeout4: 3 * time.Second})
	for query, rest := range map[string]string{
		websocket3: `,"upgrades":[],"pingInterval":1000,"pingTimeout":2000}`,
		websocket4: `,"upgrades":[],"pingInterval":1000,"pingTimeout":3000,"maxPayload":1000000}`,
	} {
		c, resp := st.raw("GET", query, upgradeHeaders, "")
		s := await(t, st.opened, "a session")
		c.want(`0{"sid":"` + s.ID() + `"` + rest)
		if s.Transport() != "websocket" {
			t.Errorf("the transport is %s, want websocket", s.Transport())
		}
		if resp.Header.Get("Set-Cookie") != "" || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("%s: unexpected cookie or accept key in the headers %v", query, resp.Header)
		}
	}
}

// A browser fails if it names subprotocols and the server accepts none.
func TestSubprotocol(t *testing.T) {
	st := newTestServer(t, Config{})
	_, resp := st.raw("GET", websocket3, upgradeHeaders+"Sec-WebSocket-Protocol: chat, talk\r\n", "")
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); resp.StatusCode != 101 || got != "chat" {
		t.Errorf("got %s with subprotocol %q, want chat", resp.Status, got)
	}
}

func TestHandshakeRequestIsKept(t *testing.T) {
	st := newTestServer(t, Config{})
	st.do("GET", polling3+"&room=7", "", "X-Color", "red")
	h := await(t, st.opened, "a session").Handshake()
	if h.URL.Query().Get("room") != "7" || h.Header.Get("X-Color") != "red" {
		t.Errorf("the kept request has URL %v and header %v", h.URL, h.Header)
	}
	if h.RemoteAddr.Network() != "tcp" || !strings.HasPrefix(h.RemoteAddr.String(), "127.0.0.1:") || h.LocalAddr == nil {
		t.Errorf("the kept request has addresses %v and %v", h.RemoteAddr, h.LocalAddr)
	}
}

func TestOrigin(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	for _, test := range []struct{ method, query string }{
		{"GET", polling3},
		{"GET", p.query + "x"}, // an error
		{"POST", p.query},
		{"OPTIONS", p.query},
	} {
		a := st.do(test.method, test.query, "1:2")
		wantHeader(t, a, "Access-Control-Allow-Origin", "*")
		wantHeader(t, a, "Access-Control-Allow-Credentials", "")
		a = st.do(test.method, test.query, "1:2", "Origin", "http://page")
		wantHeader(t, a, "Access-Control-Allow-Origin", "http://page")
		wantHeader(t, a, "Access-Control-Allow-Credentials", "true")
	}
	a := st.do("GET", polling3+"&j=0", "", "Origin", "http://page")
	wantHeader(t, a, "Access-Control-Allow-Origin", "") // CORS does not apply to scripts
}

func TestInternetExplorer(t *testing.T) {
	st := newTestServer(t, Config{})
	for agent, want := range map[string]string{
		"Mozilla/5.0 (compatible;MSIE 9.0)": "0",
		"Mozilla/5.0 (Trident/7.0)":         "0",
		"Mozilla/5.0 (X11)":                 "",
	} {
		wantHeader(t, st.do("GET", polling3, "", "User-Agent", agent), "X-XSS-Protection", want)
	}
}

// refused4 is the answer to revision 4 where only 3 is served.
var refused4 = &protocolError{5, "Unsupported protocol version: this server is for Socket.IO clients " +
	"1.x and 2.x (EIO=3), this client is one of 3.x and 4.x (EIO=4)", RefusedRevision, 400}

// The log explains once why clients are refused, and clients cannot fill the log.
func TestRefusedRevision(t *testing.T) {
	var log bytes.Buffer
	st := newTestServer(t, Config{
		Revisions: []Revision{Revision3},
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
	})
	for range 3 {
		wantError(t, st.do("GET", polling4, ""), refused4)
	}
	if _, resp := st.raw("GET", websocket4, upgradeHeaders, ""); resp.StatusCode != 400 {
		t.Errorf("a websocket of revision 4 got %s", resp.Status)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("got %d lines, want one:\n%s", lines, &log)
	}
	for _, want := range []string{`client="3.x and 4.x (EIO=4)"`, `served="1.x and 2.x (EIO=3)"`, "remote=127.0.0.1:", "change="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, &log)
		}
	}
	for n := range 50 {
		zeros := strings.Repeat("0", 1000)
		wantError(t, st.do("GET", fmt.Sprintf("EIO=%s%d&transport=polling", zeros, n+5), ""), errRevision)
	}
	wantError(t, st.do("GET", "EIO=99999999999999999999&transport=polling", ""), errRevision)
	if log.Len() > 5000 {
		t.Errorf("clients can fill the log: it has %d bytes", log.Len())
	}
	if st.do("GET", polling3, "").status != 200 {
		t.Error("a client of revision 3 is refused")
	}
}

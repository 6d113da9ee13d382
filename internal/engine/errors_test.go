package engine

import (
	"io"
	"testing"
)

// Requests with several errors show the order of the checks.
func TestErrors(t *testing.T) {
	st := newTestServer(t, Config{Revisions: []Revision{Revision3}})
	p := st.connect(polling3)
	_, s := st.join(websocket3)
	sid, onSocket := "&sid="+p.session.id, "&sid="+s.id
	for _, test := range []struct {
		name, method, query string
		want                *protocolError
	}{
		{"no query", "GET", "", errTransportUnknown},
		{"unknown transport", "GET", "transport=pigeon", errTransportUnknown},
		{"other case", "GET", "transport=Polling", errTransportUnknown},
		{"transport named twice", "GET", "transport=polling&transport=polling", errTransportUnknown},
		{"unknown transport before unknown session", "GET", "transport=pigeon&sid=nobody", errTransportUnknown},
		{"unknown transport of a known session", "GET", "transport=pigeon" + sid, errTransportUnknown},
		{"unknown session", "GET", "transport=polling&sid=nobody", errSessionUnknown},
		{"unknown session before method", "PUT", "transport=polling&sid=nobody", errSessionUnknown},
		{"unknown session before revision", "GET", "EIO=4&transport=polling&sid=nobody", errSessionUnknown},
		{"session named twice", "GET", "transport=polling" + sid + sid, errSessionUnknown},
		{"session polls, asked as websocket", "GET", "transport=websocket" + sid, errBadRequest},
		{"session on a websocket, asked as polling", "GET", "transport=polling" + onSocket, errBadRequest},
		{"post to a session on a websocket", "POST", "transport=polling" + onSocket, errBadRequest},
		{"session on a websocket, without an upgrade", "GET", "transport=websocket" + onSocket, errBadRequest},
		{"post to it, as websocket", "POST", "transport=websocket" + onSocket, errBadRequest},
		{"POST handshake", "POST", polling3, errHandshakeMethod},
		{"OPTIONS handshake", "OPTIONS", polling3, errHandshakeMethod},
		{"method before revision", "POST", polling4, errHandshakeMethod},
		{"unknown transport before method", "POST", "EIO=3", errTransportUnknown},
		{"revision", "GET", polling4, refused4},
		{"revision before upgrade", "GET", websocket4, refused4},
		{"websocket without an upgrade", "GET", websocket3, errBadRequest},
		{"EIO is not looked at in a session", "GET", "transport=websocket&EIO=9" + sid, errBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := st.in(t)
			wantError(t, st.do(test.method, test.query, "6:4hello"), test.want)
		})
	}
	st.wantOpen(p.session)
	st.wantOpen(s)
	if len(st.received) > 0 {
		t.Error("the handler received a message of a refused request: ", <-st.received)
	}
}

func TestErrorsBeforeUpgrade(t *testing.T) {
	st := newTestServer(t, Config{Revisions: []Revision{Revision3}})
	for _, test := range []struct{ method, query, want string }{
		{"GET", "transport=pigeon", "Transport unknown"},
		{"GET", "transport=websocket&sid=nobody", "Session ID unknown"},
		{"POST", websocket3, "Bad handshake method"},
		{"GET", websocket4, refused4.Message},
	} {
		c, resp := st.raw(test.method, test.query, upgradeHeaders, "")
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode != 400 || string(body) != test.want || err != nil {
			t.Errorf("%s %s: got %s %q, %v; want 400 %s", test.method, test.query, resp.Status, body, err, test.want)
		}
		if len(resp.Header) != 2 || resp.Header.Get("Content-Type") != "text/html" || !resp.Close {
			t.Errorf("%s: got the headers %v", test.query, resp.Header)
		}
		c.wantEnd()
	}
}

// A malformed websocket handshake gets an error, and its connection is closed.
func TestBadWebSocketHandshake(t *testing.T) {
	st := newTestServer(t, Config{})
	const upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
	for name, headers := range map[string]string{
		"no key":        upgrade + "Sec-WebSocket-Version: 13\r\n",
		"no version":    upgrade + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		"other upgrade": "Connection: Upgrade\r\nUpgrade: h2c\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			st := st.in(t)
			c, resp := st.raw("GET", websocket3, headers, "")
			if resp.StatusCode < 400 {
				t.Errorf("got %s, want an error", resp.Status)
			}
			io.Copy(io.Discard, resp.Body)
			c.wantEnd()
		})
	}
	if n := st.engine.Len(); n != 0 {
		t.Errorf("malformed handshakes began %d sessions", n)
	}
}

// The original accepts a websocket that names the polling transport, and closes it.
func TestUpgradeToPolling(t *testing.T) {
	st := newTestServer(t, Config{})
	st.open(polling3).wantClose(0)
}

func TestMethods(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{polling3, polling3 + "&j=0"} {
		p := st.connect(query)
		for _, method := range []string{"PUT", "DELETE", "HEAD", "PATCH"} {
			if a := p.do(method, p.query, ""); a.status != 500 || a.body != "" {
				t.Errorf("%s %s: got status %d %q, want 500 and nothing", method, query, a.status, a.body)
			}
		}
		a := p.do("OPTIONS", p.query, "")
		if query != polling3 { // scripts have no preflight request
			if a.status != 500 {
				t.Errorf("OPTIONS of JSONP: got status %d, want 500", a.status)
			}
		} else {
			if a.status != 200 || a.body != "" {
				t.Errorf("OPTIONS: got status %d %q, want 200 and nothing", a.status, a.body)
			}
			wantHeader(t, a, "Access-Control-Allow-Headers", "Content-Type")
			wantHeader(t, a, "Set-Cookie", "io="+p.session.id+"; Path=/; HttpOnly")
		}
		st.wantOpen(p.session)
	}
	if a := st.do("HEAD", polling3, ""); a.status != 400 {
		t.Errorf("HEAD without a session: got status %d, want 400", a.status)
	}
}

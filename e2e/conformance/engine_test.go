package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// A dialect is how one revision of Engine.IO writes the same things.
type dialect struct {
	eio, profile string
	payload      func(packets ...string) string
	binary       string // the bytes 1, 2, 3 in a payload, as base64
	frame        string // the same on a websocket
}

var dialects = []dialect{
	{"3", "eio3", func(packets ...string) string {
		var all strings.Builder
		for _, p := range packets {
			all.WriteString(string(rune('0'+len([]rune(p)))) + ":" + p)
		}
		return all.String()
	}, "b4AQID", "binary \x04\x01\x02\x03"},
	{"4", "eio4", func(packets ...string) string { return strings.Join(packets, "\x1e") }, "bAQID", "binary \x01\x02\x03"},
}

func inBoth(t *testing.T, f func(t *testing.T, d dialect, s *testServer)) {
	for _, d := range dialects {
		t.Run("revision "+d.eio, func(t *testing.T) {
			t.Parallel()
			f(t, d, start(t, d.profile))
		})
	}
}

// poll opens a session and returns the query of its requests.
func (s *testServer) poll(d dialect) (query string) {
	s.t.Helper()
	query = "transport=polling&b64=1&EIO=" + d.eio
	_, body := s.do("GET", query, "")
	if d.eio == "3" {
		_, body, _ = strings.Cut(body, ":")
	}
	return query + "&sid=" + parseOpen(s.t, body).SID
}

func TestHandshake(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, _ *testServer) {
		s := run(t, profiles[d.profile])
		status, body := s.do("GET", "transport=polling&EIO="+d.eio, "")
		if d.eio == "3" {
			_, body, _ = strings.Cut(body, ":")
		}
		polling := parseOpen(t, body)
		if status != 200 || !slices.Equal(polling.Upgrades, []string{"websocket"}) {
			t.Errorf("polling: %d %q", status, body)
		}
		_, websocket := s.connect(d.eio)
		if len(websocket.Upgrades) != 0 {
			t.Errorf("a websocket has the upgrades %q", websocket.Upgrades)
		}
		for _, o := range []open{polling, websocket} {
			if o.PingInterval != 300 || o.PingTimeout != 200 || d.eio == "4" && o.MaxPayload != 1_000_000 {
				t.Errorf("the handshake says %+v", o)
			}
		}
	})
}

func TestRefusedHandshakes(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		for _, query := range []string{"EIO=" + d.eio, "transport=abc&EIO=" + d.eio, "transport=polling&sid=abc&EIO=" + d.eio,
			"transport=websocket&EIO=" + d.eio} {
			s.want(400, "", "GET", query, "")
		}
		s.want(400, "", "POST", "transport=polling&EIO="+d.eio, "")
		s.want(400, "", "PUT", "transport=polling&EIO="+d.eio, "")
		refused := []string{"EIO=" + d.eio, "transport=abc&EIO=" + d.eio, "transport=websocket&sid=abc&EIO=" + d.eio}
		if d.eio == "4" {
			refused = append(refused, "transport=websocket", "transport=websocket&EIO=abc")
			s.want(400, "", "GET", "transport=polling", "")
			s.want(400, "", "GET", "transport=polling&EIO=abc", "")
		}
		for _, query := range refused {
			if conn, _, err := s.tryDial(query); err == nil {
				conn.Close()
				t.Errorf("a websocket with %q is accepted", query)
			}
		}
	})
}

func TestMessagesOverPolling(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		query := s.poll(d)
		s.want(200, "ok", "POST", query, d.payload("4hello"))
		s.want(200, d.payload("4hello"), "GET", query, "")
		s.want(200, "ok", "POST", query, d.payload("4a", "4b", "4ü"))
		s.want(200, "ok", "POST", query, d.payload(d.binary, "4d"))
		want := d.payload("4a", "4b", "4ü", d.binary, "4d") // in one payload, in order
		s.want(200, want, "GET", query, "")
		answered := make(chan string, 1)
		go func() {
			_, body := s.do("GET", query, "")
			answered <- body
		}()
		s.want(200, "ok", "POST", query, d.payload("4x"))
		if got := <-answered; got != d.payload("4x") {
			t.Errorf("the pending poll got %q", got)
		}
	})
}

// Revision 3 has a binary form of a payload, too.
func TestBinaryPayload3(t *testing.T) {
	s := start(t, "eio3")
	query := "transport=polling&EIO=3"
	_, body := s.do("GET", query, "")
	query += "&sid=" + parseOpen(t, body[strings.Index(body, ":")+1:]).SID
	payload := "\x01\x04\xff\x04\x01\x02\x03" + "\x00\x02\xff4a"
	if status, body := s.do("POST", query, payload, "application/octet-stream"); status != 200 || body != "ok" {
		t.Errorf("POST: %d %q", status, body)
	}
	s.want(200, payload, "GET", query, "")
}

func TestMessagesOverWebSocket(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		k, _ := s.connect(d.eio)
		k.send("4hello", d.frame, "4ü")
		k.want("4hello", d.frame, "4ü")
		// With b64 binary travels as text.
		k = s.dial("transport=websocket&b64=1&EIO=" + d.eio)
		parseOpen(t, k.read())
		k.send(d.binary)
		k.want(d.binary)
	})
}

func TestInvalidPackets(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		query := s.poll(d)
		s.want(200, "ok", "POST", query, "abc")
		s.want(400, "", "GET", query, "")
		for _, message := range []string{"abc", ""} {
			k, _ := s.connect(d.eio)
			k.send(message)
			k.want("closed")
		}
	})
}

func TestOverlappingPolls(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		query := s.poll(d)
		answers := make(chan string, 2)
		for range 2 {
			go func() {
				status, body := s.do("GET", query, "")
				if status != 200 {
					body = "refused"
				}
				answers <- body
			}()
		}
		got := []string{<-answers, <-answers}
		slices.Sort(got)
		if want := []string{d.payload("1"), "refused"}; !slices.Equal(got, want) {
			t.Errorf("the polls got %q, want %q", got, want)
		}
	})
}

func TestClose(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		s.closePolling(d)
		k, o := s.connect(d.eio)
		k.conn.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewCloseFrame(nil))))
		k.want("closed")
		for range 1000 { // the close frame may be quicker than the end of the session
			if _, body := s.do("GET", "transport=polling&EIO="+d.eio+"&sid="+o.SID, ""); strings.Contains(body, `"code":1`) {
				return
			}
		}
		t.Error("the session is still known")
	})
}

// closePolling closes a polling session, whose pending poll gets a noop. Where the
// server reads the POST long before the poll, the poll is for an unknown session, and
// the next session decides.
func (s *testServer) closePolling(d dialect) {
	s.t.Helper()
	var got string
	for range 20 {
		query := s.poll(d)
		answered := make(chan string, 1)
		go func() {
			_, body := s.do("GET", query, "")
			answered <- body
		}()
		s.want(200, "ok", "POST", query, d.payload("1"))
		got = <-answered
		s.want(400, "", "GET", query, "")
		if !strings.Contains(got, `"code":1`) {
			break
		}
	}
	if got != d.payload("6") {
		s.t.Errorf("the pending poll got %q, want %q", got, d.payload("6"))
	}
}

// In revision 3 the client sends pings, in revision 4 the server does.
func TestHeartbeat(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, _ *testServer) {
		p := profiles[d.profile]
		p.engine.PingTimeout3, p.engine.PingTimeout4 = time.Second, time.Second
		s := run(t, p)
		k, _ := s.connect(d.eio)
		for range 3 {
			if d.eio == "3" {
				k.send("2", "4x")
				k.want("3", "4x")
				continue
			}
			k.want("2")
			k.send("3")
		}
		if d.eio == "3" {
			k.want("closed") // silence
			return
		}
		k.want("2", "closed")
		query := s.poll(d)
		s.want(200, "2", "GET", query, "")
		s.want(200, "1", "GET", query, "")
		k, _ = s.connect(d.eio)
		k.send("2") // which is not the client's to send
		k.want("closed")
	})
}

func TestUpgrade(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		query := s.poll(d)
		websocket := strings.Replace(query, "polling", "websocket", 1)
		k := s.dial(websocket)
		k.send("2probe")
		k.want("3probe")
		// The poll that is pending ends, so that nothing is lost between the two.
		status, body := s.do("GET", query, "")
		if status != 200 || body != d.payload("6") {
			t.Errorf("the poll got %d %q", status, body)
		}
		s.want(200, "ok", "POST", query, d.payload("4waits"))
		k.send("5")
		k.want("4waits")
		k.send("4hello")
		k.want("4hello")
		s.want(400, "", "GET", query, "")
		s.want(400, "", "POST", query, d.payload("4x"))
		late := s.dial(websocket)
		late.want("closed")
		k.send("4still")
		k.want("4still")
	})
}

func TestFailedProbe(t *testing.T) {
	inBoth(t, func(t *testing.T, d dialect, s *testServer) {
		query := s.poll(d)
		k := s.dial(strings.Replace(query, "polling", "websocket", 1))
		k.send("4not a probe")
		k.want("closed")
		s.want(200, "ok", "POST", query, d.payload("4hello"))
		s.want(200, d.payload("4hello"), "GET", query, "")
	})
}

func TestClientProfile(t *testing.T) {
	s := start(t, "eioc3")
	for _, d := range dialects {
		k, o := s.connect(d.eio)
		if o.PingTimeout != 5000 {
			t.Errorf("the handshake says %+v", o)
		}
		head := "binary " + strings.Repeat("\x04", 4-int(d.eio[0]-'0'))
		k.want("4hi")
		k.send("4give binary", "4give utf8", "4x")
		k.want(head+"\x00\x01\x02\x03\x04", "4пойду сать всем мпокойной ночи", "4x")
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var waited []time.Duration
		h := delayHandshake(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			waited = append(waited, time.Since(begin))
		}), 3*time.Second)
		for _, query := range []string{"EIO=4", "EIO=4&sid=x"} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/engine.io/?"+query, nil))
		}
		if want := []time.Duration{3 * time.Second, 3 * time.Second}; !slices.Equal(waited, want) {
			t.Errorf("the requests were served after %v, want %v: only the handshake waits", waited, want)
		}
	})
}

package engine

import (
	"io"
	"testing"
)

func origins(t testing.TB, list string) Origins {
	t.Helper()
	all, err := ParseOrigins(list)
	if err != nil {
		t.Fatalf("ParseOrigins(%q): %v", list, err)
	}
	return all
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		list            string
		allowed, others []string
	}{
		{"https://chat.example", []string{"https://chat.example", "https://chat.example:443", "HTTPS://Chat.Example"},
			[]string{"http://chat.example", "https://chat.example:8443", "https://www.chat.example", "https://chat.example.evil",
				"https://evil/chat.example", "https://chat.example@evil", "null", "", "chat.example", "://chat.example", "https://",
				"https://chat.example https://evil", "https://chat.example,https://evil", "https://*"}},
		{"https://chat.example:8443", []string{"https://chat.example:8443"}, []string{"https://chat.example", "https://chat.example:84430"}},
		{"http://localhost:*", []string{"http://localhost", "http://localhost:3000"}, []string{"https://localhost:3000", "http://localhost.evil:3000"}},
		{"Chat.example", []string{"http://chat.example:81", "https://chat.example", "capacitor://chat.example"}, []string{"http://example", "null"}},
		{"chat.example:80", []string{"http://chat.example"}, []string{"https://chat.example", "http://chat.example:81"}},
		{"chat.example:*", []string{"http://chat.example:81", "https://chat.example"}, []string{"http://example"}},
		{"*:443", []string{"https://anything", "http://1.2.3.4:443"}, []string{"http://anything"}},
		{"http://[::1]:3000", []string{"http://[::1]:3000"}, []string{"http://[::1]", "http://[::2]:3000"}},
		{"capacitor://localhost", []string{"capacitor://localhost"}, []string{"http://localhost", "capacitor://localhost:1"}},
		{" http://a , https://b:1", []string{"http://a", "https://b:1"}, []string{"https://a", "https://b"}},
	} {
		all := origins(t, c.list)
		for _, o := range c.allowed {
			if !all.contain(o) {
				t.Errorf("-origins %s refuses %q", c.list, o)
			}
		}
		for _, o := range c.others {
			if all.contain(o) {
				t.Errorf("-origins %s allows %q", c.list, o)
			}
		}
	}
	for _, list := range []string{"*", "*:*", "http://a,*"} {
		if all := origins(t, list); all != nil {
			t.Errorf("-origins %s is %v, want all", list, all)
		}
	}
	for _, list := range []string{"", ",", "http://a,", "http://", "http://a/", "http://a/b", "https://*.example", "*.example", "http://a:b",
		"http://a:", "http://a:123456", "a b", "http://user@a", "http://::1", "*://a"} {
		if all, err := ParseOrigins(list); err == nil {
			t.Errorf("%q was read as %v, want an error", list, all)
		}
	}
}

func TestRequestsOfOrigins(t *testing.T) {
	st := newTestServer(t, Config{Origins: origins(t, "https://chat.example")})
	p := st.connect(polling3)
	const jsonp = polling3 + "&j=0"
	for _, c := range []struct {
		name, query string
		header      []string
		allowed     bool
	}{
		{"no origin", polling3, nil, true},
		{"the page's origin", polling3, []string{"Origin", "https://chat.example"}, true},
		{"another origin", polling3, []string{"Origin", "https://evil.example"}, false},
		{"no origin that can be named", polling4, []string{"Origin", "null"}, false},
		{"another origin, with the page as referer", polling3, []string{"Origin", "https://evil.example", "Referer", "https://chat.example/"}, false},
		{"no origin, with another referer", polling3, []string{"Referer", "https://evil.example/"}, true},
		{"another origin, for a session", p.query, []string{"Origin", "https://evil.example"}, false},
		{"a script", jsonp, []string{"Referer", "https://chat.example/page?x://y"}, true},
		{"a script of the page's root", jsonp, []string{"Referer", "https://chat.example"}, true},
		{"a script of another page", jsonp, []string{"Referer", "https://evil.example/https://chat.example/"}, false},
		{"a script without a referer", jsonp, nil, false},
		{"a script of which the referer says no more", jsonp, []string{"Referer", "garbage"}, false},
		{"an unknown transport", "transport=pigeon", []string{"Origin", "https://evil.example"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := st.in(t)
			a := st.do("GET", c.query, "", c.header...)
			if c.allowed {
				if a.status != 200 {
					t.Errorf("got status %d %q, want 200", a.status, a.body)
				}
				return
			}
			if a.status != 403 || a.body != `{"code":4,"message":"Forbidden"}` {
				t.Errorf("got status %d %q, want 403 and code 4", a.status, a.body)
			}
			wantHeader(t, a, "Content-Type", "application/json")
			wantHeader(t, a, "Access-Control-Allow-Origin", "")
			wantHeader(t, a, "Access-Control-Allow-Credentials", "")
		})
	}
	for origin, status := range map[string]int{"https://chat.example": 101, "https://evil.example": 403} {
		c, resp := st.raw("GET", websocket4, upgradeHeaders+"Origin: "+origin+"\r\n", "")
		if resp.StatusCode != status {
			t.Errorf("a websocket of %s got %s, want %d", origin, resp.Status, status)
		}
		if status == 403 {
			if body, err := io.ReadAll(resp.Body); string(body) != "Forbidden" || err != nil {
				t.Errorf("it got %q, %v; want Forbidden", body, err)
			}
			c.wantEnd()
		}
	}
	st.raw("GET", websocket4, upgradeHeaders+"Origin: https://chat.example\r\nOrigin: https://evil.example\r\n", "")
	wantCount(t, "refused", st.engine.Stats().Refused, map[RefuseReason]int64{RefusedOrigin: 10})
	st.wantOpen(p.session)
}

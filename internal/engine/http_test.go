package engine

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// An answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends one request. The header lists names and values alternately.
func (st *testServer) do(method, query, body string, header ...string) answer {
	st.t.Helper()
	got, err := st.try(context.Background(), method, query, body, header)
	if err != nil {
		st.t.Fatalf("%s %s: %v", method, query, err)
	}
	return got
}

func (st *testServer) try(ctx context.Context, method, query, body string, header []string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://test/?"+query, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := st.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(got)}, err
}

// A polling client, after its handshake.
type polling struct {
	*testServer
	query   string
	session *Session
}

const polling3, polling4 = "EIO=3&transport=polling", "EIO=4&transport=polling"

// connect begins a polling session.
func (st *testServer) connect(query string) *polling {
	st.t.Helper()
	if a := st.do("GET", query, ""); a.status != 200 {
		st.t.Fatalf("handshake %s: status %d %s", query, a.status, a.body)
	}
	s := await(st.t, st.opened, "a session")
	return &polling{st, query + "&sid=" + s.id, s}
}

// poll waits for the next answer.
func (p *polling) poll(header ...string) answer {
	p.t.Helper()
	return p.do("GET", p.query, "", header...)
}

// wantPoll checks the body of the next answer.
func (p *polling) wantPoll(want string) {
	p.t.Helper()
	if a := p.poll(); a.status != 200 || a.body != want {
		p.t.Errorf("poll: got status %d %q, want %q", a.status, a.body, want)
	}
}

// pending starts a poll and returns when the server has registered it.
func (p *polling) pending() <-chan answer {
	p.t.Helper()
	answered := make(chan answer, 1)
	go func() {
		a, err := p.try(context.Background(), "GET", p.query, "", nil)
		if err != nil {
			a.body = "error: " + err.Error()
		}
		answered <- a
	}()
	p.awaitPoll()
	return answered
}

// awaitPoll waits until a poll is pending.
func (p *polling) awaitPoll() {
	p.t.Helper()
	eventually(p.t, "a poll is pending", func() bool {
		p.session.mu.Lock()
		defer p.session.mu.Unlock()
		return p.session.poll != nil
	})
}

// wantAnswered checks the answer to a pending poll.
func (p *polling) wantAnswered(answered <-chan answer, want string) {
	p.t.Helper()
	if a := await(p.t, answered, "the answer to the pending poll"); a.status != 200 || a.body != want {
		p.t.Errorf("the pending poll got status %d %q, want %q", a.status, a.body, want)
	}
}

// post sends packets and checks that the answer is ok.
func (p *polling) post(body string, header ...string) {
	p.t.Helper()
	if a := p.do("POST", p.query, body, header...); a.status != 200 || a.body != "ok" {
		p.t.Errorf("POST %.60q: got status %d %q, want ok", body, a.status, a.body)
	}
}

// wantUnknown checks that the server does not know the session id.
func (p *polling) wantUnknown() {
	p.t.Helper()
	wantError(p.t, p.poll(), errSessionUnknown)
}

func wantError(t testing.TB, a answer, want *protocolError) {
	t.Helper()
	body := map[*protocolError]string{
		errTransportUnknown: `{"code":0,"message":"Transport unknown"}`,
		errSessionUnknown:   `{"code":1,"message":"Session ID unknown"}`,
		errHandshakeMethod:  `{"code":2,"message":"Bad handshake method"}`,
		errBadRequest:       `{"code":3,"message":"Bad request"}`,
		errRevision:         `{"code":5,"message":"Unsupported protocol version"}`,
		refused4:            `{"code":5,"message":"` + refused4.Message + `"}`,
	}[want]
	if a.status != 400 || a.body != body {
		t.Errorf("got status %d %q, want 400 %s", a.status, a.body, body)
	}
	wantHeader(t, a, "Content-Type", "application/json")
	wantHeader(t, a, "Set-Cookie", "")
}

func wantHeader(t testing.TB, a answer, name, want string) {
	t.Helper()
	if got := strings.Join(a.header.Values(name), " | "); got != want {
		t.Errorf("header %s: got %q, want %q", name, got, want)
	}
}

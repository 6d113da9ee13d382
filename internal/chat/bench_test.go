package chat

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

// BenchmarkEndSession measures the end of a session whose client has spoken, and the
// beginning of another one. It must cost the same beside many sessions as beside few.
func BenchmarkEndSession(b *testing.B) {
	for _, n := range []int{500, 8000} {
		b.Run(fmt.Sprintf("beside %d", n), func(b *testing.B) {
			c := New(Config{Publisher: &redis{}})
			srv := bridge.New(bridge.Config{Audience: c})
			c.Register(srv)
			eng := engine.New(engine.Config{PingInterval: time.Hour}, srv)
			defer c.Close()
			defer srv.Close()
			defer eng.Shutdown(context.Background())
			ids := make([]string, n)
			for i := range ids {
				ids[i] = openAndSpeak(b, eng)
			}
			next := 0
			for b.Loop() {
				abandonPoll(eng, ids[next])
				ids[next] = openAndSpeak(b, eng)
				next = (next + 1) % n
			}
		})
	}
}

const pollingURL = "/socket.io/?EIO=3&transport=polling"

func openAndSpeak(b *testing.B, eng *engine.Server) (id string) {
	answer := httptest.NewRecorder()
	eng.ServeHTTP(answer, httptest.NewRequest("GET", pollingURL, nil))
	_, rest, _ := strings.Cut(answer.Body.String(), `"sid":"`)
	id, _, _ = strings.Cut(rest, `"`)
	answer = httptest.NewRecorder()
	eng.ServeHTTP(answer, httptest.NewRequest("POST", pollingURL+"&sid="+id, strings.NewReader(`13:42["chat",""]`)))
	if answer.Body.String() != "ok" {
		b.Fatalf("the POST was answered by %d %q", answer.Code, answer.Body)
	}
	return id
}

// abandonPoll ends a session as a client does that disconnects while it polls.
func abandonPoll(eng *engine.Server, id string) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequest("GET", pollingURL+"&sid="+id, nil)
	eng.ServeHTTP(httptest.NewRecorder(), r.WithContext(gone))
}

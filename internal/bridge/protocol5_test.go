package bridge

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// join connects a client of protocol 5 and returns its id.
func (c *testClient) join(packet, prefix string) string {
	c.t.Helper()
	c.send(packet)
	got := c.read()
	var welcome struct{ SID string }
	data, ok := strings.CutPrefix(got, prefix)
	if !ok || json.Unmarshal([]byte(data), &welcome) != nil || welcome.SID == "" {
		c.t.Fatalf("the answer to %q is %q, want %s{\"sid\":...}", packet, got, prefix)
	}
	return welcome.SID
}

func TestProtocol5Connects(t *testing.T) {
	a := newAudience()
	_, url := serve(t, Config{Audience: a}, func(s *Server) {
		s.OnEvent("/", "add", add)
		s.Namespace("/side")
	})
	c := dial(t, url, 4)
	id := c.join("40", "40")
	if id == c.sid {
		t.Error("the namespace's id is the engine's, which is a secret")
	}
	a.expect(t, "join /")
	if side := c.join(`40/side,{"token":"x"}`, "40/side,"); side == id {
		t.Error("two namespaces have the same id")
	}
	c.send("40/nope,")
	c.expect(`44/nope,{"message":"Invalid namespace"}`)
	c.send(`421["add",1,2]`)
	c.expect("431[3]")
}

func TestProtocol5IsStrict(t *testing.T) {
	for _, test := range []struct {
		name string
		send []string
	}{
		{"an event before CONNECT", []string{`42["add",1,2]`}},
		{"an event for another namespace", []string{"40", `42/side,["add"]`}},
		{"not JSON", []string{"40", `42["add"`}},
		{"an unknown type", []string{"40", `49`}},
		{"a reserved name", []string{"40", `42["disconnect"]`}},
		{"text among attachments", []string{"40", `451-["add",{"_placeholder":true,"num":0}]`, `42["add"]`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, url := serve(t, Config{}, func(s *Server) {
				s.OnEvent("/", "add", add)
			})
			c := dial(t, url, 4)
			if len(test.send) > 1 {
				c.join("40", "40")
				test.send = test.send[1:]
			}
			c.send(test.send...)
			c.expect("closed")
		})
	}
}

func TestProtocol5MustConnectInTime(t *testing.T) {
	_, url := serve(t, Config{ConnectTimeout: 50 * time.Millisecond}, nil)
	idle, busy := dial(t, url, 4), dial(t, url, 4)
	busy.join("40", "40")
	idle.expect("closed")
	busy.send(`42["nobody hears"]`, "40/nope,")
	busy.expect(`44/nope,{"message":"Invalid namespace"}`)
}

func TestAuthReachesTheHandler(t *testing.T) {
	auth := make(chan string, 1)
	_, url := serve(t, Config{}, func(s *Server) {
		for _, name := range []string{"/", "/side"} {
			s.OnConnect(name, func(c *Conn) error {
				auth <- string(c.Auth())
				if !strings.Contains(string(c.Auth()), "secret") {
					return errors.New("who are you")
				}
				c.Emit("hello")
				return nil
			})
		}
	})
	c := dial(t, url, 4)
	c.send(`40{"token":"guess"}`)
	if got := await(t, auth, "the handler"); got != `{"token":"guess"}` {
		t.Errorf("OnConnect saw %q", got)
	}
	c.expect(`44{"message":"who are you"}`)
	c.join(`40{"token":"secret"}`, "40") // before what OnConnect has sent
	c.expect(`42["hello"]`)
	await(t, auth, "the handler")
	c.join(`40/side,{"a":"secret"}`, "40/side,")
	c.expect(`42/side,["hello"]`)
	if got := await(t, auth, "the handler"); got != `{"a":"secret"}` {
		t.Errorf("OnConnect of the second namespace saw %q", got)
	}
}

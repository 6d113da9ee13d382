package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"

	"tsunagu/adapter"
	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testTimeout = time.Minute

// A redis is a publisher that passes each line to all chats.
type redis struct {
	mu    sync.Mutex
	chats []*Chat
	err   error
}

func (r *redis) Publish(line []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	for _, c := range r.chats {
		c.Receive(line, adapter.Position{})
	}
	return nil
}

func (r *redis) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// node runs a chat until the test ends.
func node(t *testing.T, r *redis, log *slog.Logger) (c *Chat, url string) {
	t.Helper()
	c = New(Config{Publisher: r, Logger: log})
	r.mu.Lock()
	r.chats = append(r.chats, c)
	r.mu.Unlock()
	srv := bridge.New(bridge.Config{Audience: c})
	c.Register(srv)
	eng := engine.New(engine.Config{}, srv)
	web := httptest.NewServer(eng)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		if err := eng.Shutdown(ctx); err != nil {
			t.Errorf("engine.Shutdown failed: %v", err)
		}
		web.Close()
		srv.Close()
		c.Close()
		if len(c.members) != 0 {
			t.Errorf("%d members are left after all sessions ended", len(c.members))
		}
	})
	return c, strings.Replace(web.URL, "http", "ws", 1)
}

// client returns functions that send a packet and check the next one.
func client(t *testing.T, url string) (send func(string), expect func(string)) {
	t.Helper()
	conn, early, _, err := ws.Dial(t.Context(), url+"/socket.io/?EIO=3&transport=websocket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	stream := &rw{conn, conn}
	if early != nil {
		stream.Reader = early
	}
	read := func() string {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(testTimeout))
		data, err := wsutil.ReadServerText(stream)
		if err != nil {
			t.Fatalf("the client received nothing: %v", err)
		}
		return string(data)
	}
	read() // the handshake
	expect = func(want string) {
		t.Helper()
		if got := read(); got != want {
			t.Fatalf("the client received %s, want %s", got, want)
		}
	}
	expect("40")
	return func(text string) { wsutil.WriteClientText(conn, []byte(text)) }, expect
}

func TestEveryClientReceivesLinesInOrder(t *testing.T) {
	r := &redis{}
	_, one := node(t, r, nil)
	_, two := node(t, r, nil)
	send, expect := client(t, one)
	_, expect2 := client(t, two)
	for i := range 100 {
		send(fmt.Sprintf(`42["chat","こんにちは %d 😀"]`, i))
	}
	for i := range 100 {
		want := fmt.Sprintf(`42["chat","こんにちは %d 😀"]`, i)
		expect(want)
		expect2(want)
	}
}

func TestLethalArgumentsAreDropped(t *testing.T) {
	r := &redis{}
	c, url := node(t, r, nil)
	send, expect := client(t, url)
	lethal := []string{`42["chat"]`, `42["chat",[]]`, `42["chat",[1,2]]`, `42["chat",{"toString":1}]`, `421["chat"]`}
	for _, text := range lethal {
		send(text)
	}
	send(`42["error"]`)
	send(`42["chat",null]`)
	expect(`42["chat","null"]`)
	if n := c.Dropped(); n != int64(len(lethal)) {
		t.Errorf("%d lines count as dropped, want %d", n, len(lethal))
	}
}

func TestLeaveNamespace(t *testing.T) {
	r := &redis{}
	_, url := node(t, r, nil)
	send, expect := client(t, url)
	send2, expect2 := client(t, url)
	send2("41")
	send2("2")
	expect2("3")
	send(`42["chat","not received"]`)
	expect(`42["chat","not received"]`)
	send2("40")
	send2("2")
	expect2("3") // no answer to the CONNECT, and no earlier line
	send2(`42["chat","back"]`)
	expect(`42["chat","back"]`)
	expect2(`42["chat","back"]`)
}

// A line that the publisher does not accept costs its sender that line only.
func TestRefusedLinesAreDropped(t *testing.T) {
	r := &redis{}
	c, url := node(t, r, nil)
	send, expect := client(t, url)
	r.fail(errors.New("line is too long"))
	send(`42["chat","refused"]`)
	deadline := time.After(testTimeout)
	for tick := time.NewTicker(time.Millisecond); c.Dropped() == 0; { // the handler runs later
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the refused line does not count as dropped")
		}
	}
	r.fail(nil)
	send(`42["chat","again"]`)
	expect(`42["chat","again"]`)
	if n := c.Dropped(); n != 1 {
		t.Errorf("%d lines count as dropped, want the one that the publisher refused", n)
	}
}

type rw struct {
	Reader interface{ Read([]byte) (int, error) }
	Writer interface{ Write([]byte) (int, error) }
}

func (s *rw) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s *rw) Write(p []byte) (int, error) { return s.Writer.Write(p) }

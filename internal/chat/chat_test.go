package chat

import (
	"bytes"
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

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

// A redis is a publisher that gives its lines to every chat.
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
		c.Receive(line)
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
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := eng.Shutdown(ctx); err != nil {
			t.Errorf("the engine does not end: %v", err)
		}
		web.Close()
		srv.Close()
		c.Close()
		if len(c.members) != 0 {
			t.Errorf("%d members are left in a chat without sessions", len(c.members))
		}
	})
	return c, strings.Replace(web.URL, "http", "ws", 1)
}

// client returns functions that send a packet and read the next one.
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
		conn.SetReadDeadline(time.Now().Add(patience))
		data, err := wsutil.ReadServerText(stream)
		if err != nil {
			t.Fatalf("the client waits in vain: %v", err)
		}
		return string(data)
	}
	read() // the handshake
	expect = func(want string) {
		t.Helper()
		if got := read(); got != want {
			t.Fatalf("the client heard %s, want %s", got, want)
		}
	}
	expect("40")
	return func(text string) { wsutil.WriteClientText(conn, []byte(text)) }, expect
}

func TestEveryoneHearsALineOnceAndInOrder(t *testing.T) {
	r := &redis{}
	_, one := node(t, r, nil)
	_, two := node(t, r, nil)
	say, hear := client(t, one)
	_, hearToo := client(t, two)
	for i := range 100 {
		say(fmt.Sprintf(`42["chat","こんにちは %d 😀"]`, i))
	}
	for i := range 100 {
		want := fmt.Sprintf(`42["chat","こんにちは %d 😀"]`, i)
		hear(want)
		hearToo(want)
	}
}

func TestWhatKillsTheOriginalIsDropped(t *testing.T) {
	r := &redis{}
	c, url := node(t, r, nil)
	say, hear := client(t, url)
	lethal := []string{`42["chat"]`, `42["chat",[]]`, `42["chat",[1,2]]`, `42["chat",{"toString":1}]`, `421["chat"]`}
	for _, text := range lethal {
		say(text)
	}
	say(`42["error"]`)
	say(`42["chat",null]`)
	hear(`42["chat","null"]`)
	if n := c.Dropped(); n != int64(len(lethal)) {
		t.Errorf("%d lines count as dropped, want %d", n, len(lethal))
	}
}

func TestWhoLeavesTheNamespaceHearsNothing(t *testing.T) {
	r := &redis{}
	_, url := node(t, r, nil)
	say, hear := client(t, url)
	leave, hearToo := client(t, url)
	leave("41")
	leave("2")
	hearToo("3")
	say(`42["chat","unheard"]`)
	hear(`42["chat","unheard"]`)
	leave("40")
	leave("2")
	hearToo("3") // neither an answer nor what was said meanwhile
	leave(`42["chat","back"]`)
	hear(`42["chat","back"]`)
	hearToo(`42["chat","back"]`)
}

func TestRefusedLinesAreLoggedOnce(t *testing.T) {
	r := &redis{}
	var log lockedBuffer
	_, url := node(t, r, slog.New(slog.NewTextHandler(&log, nil)))
	say, hear := client(t, url)
	r.fail(errors.New("too much is waiting"))
	say(`42["chat","lost"]`)
	say(`42["chat","lost too"]`)
	say(`42["chat",[]]`)
	say("2")
	hear("3") // the packets before have been handed over
	log.await(t, "dropping messages")
	r.fail(nil)
	say(`42["chat","again"]`)
	hear(`42["chat","again"]`)
	log.await(t, "publishing again")
	if n := strings.Count(log.String(), "dropping messages"); n != 1 {
		t.Errorf("the loss was logged %d times, want once:\n%s", n, log.String())
	}
}

type rw struct {
	Reader interface{ Read([]byte) (int, error) }
	Writer interface{ Write([]byte) (int, error) }
}

func (s *rw) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s *rw) Write(p []byte) (int, error) { return s.Writer.Write(p) }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// await waits until something was logged.
func (l *lockedBuffer) await(t *testing.T, words string) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for !strings.Contains(l.String(), words) {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%q was not logged, only:\n%s", words, l.String())
		}
	}
}

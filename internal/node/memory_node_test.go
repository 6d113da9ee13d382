package node

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"tsunagu/adapter"
	"tsunagu/internal/bridge"
	"tsunagu/internal/chat"
	"tsunagu/internal/engine"
	"tsunagu/internal/panics"
	"tsunagu/internal/web"
	"tsunagu/static"
)

// A memoryNode is a whole node but for Redis: what a client says comes back at once. It serves connections in
// memory, in a bubble of synctest, whose clock shows what the node holds and for how long.
type memoryNode struct {
	listener *memoryListener
	panics   *panicLog
	engine   *engine.Server
	web      *web.Server
	bridge   *bridge.Server
	chat     *chat.Chat
	serving  sync.WaitGroup
	idle     int // goroutines without a client
}

func startMemoryNode() *memoryNode {
	n := &memoryNode{listener: newMemoryListener(), panics: &panicLog{}}
	log := slog.New(n.panics)
	recorder := panics.New(log)
	relay := &loopback{}
	n.chat = chat.New(chat.Config{Publisher: relay, NoIOUring: true, Panics: recorder, Logger: log})
	relay.receiver = n.chat
	n.bridge = bridge.New(bridge.Config{Audience: n.chat, Panics: recorder, Logger: log})
	n.chat.Register(n.bridge)
	n.engine = engine.New(engine.Config{Panics: recorder, Logger: log}, n.bridge)
	n.web = web.New(static.Handler(n.engine), web.Config{Panics: recorder, Logger: log})
	n.serving.Go(func() { n.web.Serve(n.listener) })
	synctest.Wait()
	n.idle = len(bubbleStacks())
	return n
}

// stop ends the node in the order in which Node.Serve does.
func (n *memoryNode) stop() error {
	err := n.engine.Shutdown(context.Background())
	n.web.Close()
	n.serving.Wait()
	n.bridge.Close()
	n.chat.Close()
	return err
}

// forgetTime is a little longer than a node may hold anything for a client that is silent: a poll that is
// answered after a missed heartbeat, and then an idle connection. Each other timeout is shorter.
const forgetTime = 3 * time.Minute

// checkForgotten lets time pass in which no client says or reads anything. Then the node must have ended all
// sessions and closed all connections, although the clients have not.
func (n *memoryNode) checkForgotten() error {
	<-time.After(forgetTime)
	synctest.Wait()
	sessions, connections, goroutines := n.engine.Len(), n.listener.open.Load(), len(bubbleStacks())-n.idle
	if sessions != 0 || connections != 0 || goroutines != 0 {
		return fmt.Errorf("after %v of silence the node holds %d sessions, %d connections, %d goroutines:\n%s",
			forgetTime, sessions, connections, goroutines, strings.Join(bubbleStacks(), "\n\n"))
	}
	return nil
}

// bubbleStacks returns the stacks of the goroutines in a bubble.
func bubbleStacks() (stacks []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if head, _, _ := strings.Cut(stack, "\n"); strings.Contains(head, "synctest bubble") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// A loopback is a chat.Publisher that stands for Redis and the adapter: each line comes back.
type loopback struct{ receiver adapter.Receiver }

func (l *loopback) Publish(line []byte) error {
	if len(line) > 1<<20 {
		return adapter.ErrTooLong
	}
	l.receiver.Receive(line, adapter.Position{})
	return nil
}

// A panicLog is a log that keeps what must not be in it: panics, whoever recovered them, and errors.
type panicLog struct {
	mu    sync.Mutex
	found []string // guarded by mu
}

// Enabled implements slog.Handler.
func (l *panicLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *panicLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelError && !strings.Contains(r.Message, "panic") {
		return nil
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, text)
	return nil
}

// WithAttrs and WithGroup implement slog.Handler.
func (l *panicLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *panicLog) WithGroup(string) slog.Handler      { return l }

// check returns what was logged since the last check.
func (l *panicLog) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found) == 0 {
		return nil
	}
	err := fmt.Errorf("the log has: %s", strings.Join(l.found, "\n"))
	l.found = nil
	return err
}

package node

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

// FuzzSession takes the steps of a stranger with a whole node: engine, Socket.IO layer, go-socket.io and application.
// The steps stand one in a line, in the notation of testdata/hostile; a line that is no step goes out as it is. What
// the stranger sees does not matter. But nothing panics, an honest pair still chats, and the node holds nothing for a
// stranger that has become silent. The end of the bubble shows goroutines that are left.
func FuzzSession(f *testing.F) {
	for _, e := range readExchanges(f) {
		f.Add(strings.Join(e.Steps, "\n"), e.eio == "4")
	}
	f.Fuzz(func(t *testing.T, text string, four bool) {
		eio := "3"
		if four {
			eio = "4"
		}
		synctest.Test(t, func(t *testing.T) {
			n := startMemoryNode()
			p := newPlayer(n.listener.dial, eio)
			p.settle = synctest.Wait
			p.takeSteps(text)
			if err := errors.Join(playPair(n.listener.dial, eio), n.checkForgotten(), n.panics.check()); err != nil {
				t.Error(err)
			}
			p.close()
			if err := n.stop(); err != nil {
				t.Error("stopping the node: ", err)
			}
		})
	})
}

// maxSteps bounds the time that one input takes.
const maxSteps = 50

// takeSteps takes each step that can be read, and ignores what comes of it.
func (p *player) takeSteps(text string) {
	for i, line := range strings.Split(text, "\n") {
		if i == maxSteps {
			return
		}
		if do, err := parseStep(line); err == nil {
			do(p)
		} else if c := p.anyConnection(); c != nil {
			io.WriteString(c, p.sessions.Insert(line))
		}
		synctest.Wait()
	}
}

// anyConnection returns w, the connection of most steps, or x.
func (p *player) anyConnection() *connection {
	if c := p.connections["w"]; c != nil {
		return c
	}
	return p.connections["x"]
}

// The honest pair notices if a node does not deliver, and the log a panic: what FuzzSession relies on.
func TestFuzzSessionCanFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startMemoryNode()
		silent := newMemoryListener()
		silent.Close()
		if err := playPair(silent.dial, "3"); err == nil {
			t.Error("a pair chats without a node")
		}
		p := newPlayer(n.listener.dial, "4")
		if err := p.act("w", "opens"); err != nil {
			t.Error(err)
		}
		if n.engine.Len() == 0 || n.listener.open.Load() == 0 || len(bubbleStacks()) <= n.idle {
			t.Error("a client that is connected shows neither as a session nor as a connection or goroutine")
		}
		slog.New(n.panics).Error("an error")
		if n.panics.check() == nil {
			t.Error("the log does not show an error")
		}
		p.close()
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	})
}

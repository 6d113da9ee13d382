package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"tsunagu/e2e/notation"
)

// An exchange is what a stranger does who means harm.
type exchange struct {
	notation.Exchange
	eio   string
	steps []step
}

// slow is the mode of exchanges that wait for a timer of the node. They need the clock of a bubble.
const slow = "slow"

// readExchanges reads the exchanges of testdata/hostile, each for both dialects unless it says otherwise.
func readExchanges(t testing.TB) []exchange {
	t.Helper()
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	var all []exchange
	names := make(map[string]bool)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, eio := range []string{"3", "4"} {
			read, err := notation.Read(string(text), eio)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, r := range read {
				e := exchange{Exchange: r, eio: eio}
				if e.Name += ", EIO=" + eio; names[e.Name] || r.Mode != "" && r.Mode != slow {
					t.Fatalf("%s: %q is there twice, or there is no mode %q", file, e.Name, r.Mode)
				}
				names[e.Name] = true
				for _, text := range r.Steps {
					do, err := parseStep(text)
					if err != nil {
						t.Fatalf("%s: %q: %v", file, e.Name, err)
					}
					e.steps = append(e.steps, do)
				}
				all = append(all, e)
			}
		}
	}
	return all
}

// playPair has a websocket client of one dialect and a polling client of the other chat: both hear what each
// of them says.
func playPair(dial func() (net.Conn, error), eio string) error {
	speaker, listener := newPlayer(dial, eio), newPlayer(dial, map[string]string{"3": "4", "4": "3"}[eio])
	defer speaker.close()
	defer listener.close()
	if err := errors.Join(speaker.act("w", "opens"), listener.poll("a", "opens")); err != nil {
		return err
	}
	first, second := chatLine(), chatLine()
	err := errors.Join(
		speaker.say("w", "", first), listener.pollUntil("a", first), speaker.frameUntil("w", first),
		listener.ask("post", "POST @a -p "+second, 200, "ok"), listener.pollUntil("a", second), speaker.frameUntil("w", second),
		listener.leave("a"),
	)
	if err != nil {
		return fmt.Errorf("an honest pair cannot chat: %w", err)
	}
	return nil
}

// maxMemory is the memory that the exchanges may cost a process together: 48 times the longest message, 1 MB. While a
// message is parsed it is there several times, as bytes, as text and in buffers that grow by doubling, and as much
// again waits for the garbage collector. Without a bound, one message can cost a hundred times its length.
const maxMemory = 48 << 20

// Every exchange that waits for no timer, over TCP, with one process that lives through all of them.
func TestHostileExchangesWithAProcess(t *testing.T) {
	exchanges := readExchanges(t)
	dial, stop := startProcess(t)
	bystander := newPlayer(dial, "4")
	defer bystander.close()
	if err := bystander.act("w", "opens"); err != nil {
		t.Fatal("a client cannot connect: ", err)
	}
	for _, e := range exchanges {
		if e.Mode == slow {
			continue
		}
		p := newPlayer(dial, e.eio)
		if err := errors.Join(p.play(e.steps), playPair(dial, e.eio)); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		p.close()
		if err := bystander.act("w", "chats"); err != nil {
			t.Fatalf("%s: a bystander cannot chat any more: %v", e.Name, err)
		}
	}
	r := stop()
	if r.Failure != "" || r.Sessions != 0 {
		t.Errorf("in the end the node has %d sessions. %s", r.Sessions, r.Failure)
	}
	t.Logf("the exchanges took %d MB of memory", r.Memory>>20)
	if r.Memory > maxMemory {
		t.Errorf("the exchanges took %d MB of memory, want at most %d", r.Memory>>20, maxMemory>>20)
	}
}

// Every exchange, with one node that lives through all of them: the client sees what it has to, an honest
// pair still chats, nothing panics, and the node forgets the stranger although it closes no connection.
func TestHostileExchanges(t *testing.T) {
	exchanges := readExchanges(t)
	synctest.Test(t, func(t *testing.T) {
		n := startMemoryNode()
		for _, e := range exchanges {
			p := newPlayer(n.listener.dial, e.eio)
			p.settle = synctest.Wait
			for _, err := range []error{p.play(e.steps), playPair(n.listener.dial, e.eio), n.checkForgotten(), n.panics.check()} {
				if err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
			}
			p.close()
		}
		if err := n.stop(); err != nil {
			t.Error("stopping the node: ", err)
		}
	})
}

//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A world is one server with a Redis of its own, so that no line of one world is heard in another.
type world struct {
	name   string
	node   node
	redis  *redisServer
	mortal bool // the original, where its death is an answer
	*dialect
}

// A stage has both worlds twice over: one pair where nothing is said in the chat, one where lines are said; and a
// third pair on which the original may die.
type stage struct {
	*dialect
	quiet, chatty, deadly [2]world // the original, ours

	mu      sync.Mutex
	results map[string]verdict
	playing map[string]bool
	died    string // who did that must not, and what was played then
}

func newStage(t *testing.T, d *dialect) *stage {
	t.Helper()
	pair := func() [2]world {
		a, b := startRedis(t), startRedis(t)
		theirs, ours := d.original(t, a), node{}
		if againstSeed {
			ours = d.original(t, b)
		} else {
			ours = startNodes(t, 1, b)[0]
		}
		return [2]world{
			{name: "the original", node: theirs, redis: a, dialect: d},
			{name: "ours", node: ours, redis: b, dialect: d},
		}
	}
	s := &stage{dialect: d, quiet: pair(), chatty: pair(), deadly: pair(), results: map[string]verdict{}, playing: map[string]bool{}}
	for _, w := range append(append(s.quiet[:], s.chatty[:]...), s.deadly[:]...) {
		w.subscribes(t)
	}
	s.deadly[0].mortal = true
	s.deadly[1].mortal = againstSeed
	return s
}

// playAll plays the corpus. What differs is played once more when nothing else happens, since a machine that is
// too busy can make a difference as well; but not all of it, if it is much.
func (s *stage) playAll(t *testing.T, all []exchange) map[string]verdict {
	t.Helper()
	grounds := map[ground][]exchange{}
	for _, e := range all {
		grounds[e.ground] = append(grounds[e.ground], e)
	}
	var others sync.WaitGroup
	others.Go(func() { inParallel(grounds[slow], len(grounds[slow]), func(e exchange) { s.play(e, &s.quiet) }) })
	others.Go(func() { inParallel(grounds[quiet], 8, func(e exchange) { s.play(e, &s.quiet) }) })
	others.Go(func() { inParallel(grounds[chatty], 1, func(e exchange) { s.play(e, &s.chatty) }) })
	for _, e := range grounds[deadly] {
		s.play(e, &s.deadly)
		s.revive(t)
	}
	others.Wait()
	if s.died != "" {
		t.Fatalf("%s. An exchange that does that belongs on deadly ground", s.died)
	}
	most, wanted := 20, s.wantedNames()
	for _, e := range all {
		if s.results[e.name].difference() != "" && wanted[e.name] == "" && e.ground != slow && e.ground != deadly && most > 0 {
			most--
			pair := &s.quiet
			if e.ground == chatty {
				pair = &s.chatty
			}
			s.play(e, pair)
		}
	}
	return s.results
}

// play plays one exchange with both servers at a time.
func (s *stage) play(e exchange, pair *[2]world) {
	s.enter(e)
	var v verdict
	var both sync.WaitGroup
	both.Go(func() { v.theirs = playOn(&pair[0], e) })
	both.Go(func() { v.ours = playOn(&pair[1], e) })
	both.Wait()
	s.leave(e, v, pair)
}

func (s *stage) enter(e exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.playing[e.name] = true
}

func (s *stage) leave(e exchange, v verdict, pair *[2]world) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[e.name] = v
	for _, w := range pair {
		if s.died == "" && !w.mortal && w.node.proc.ended() {
			s.died = fmt.Sprintf("%s ended (%v) during one of %q", w.name, w.node.proc.cmd.ProcessState, slices.Sorted(maps.Keys(s.playing)))
		}
	}
	delete(s.playing, e.name)
}

// revive starts a new process where one has died.
func (s *stage) revive(t *testing.T) {
	t.Helper()
	for i := range s.deadly {
		if w := &s.deadly[i]; w.mortal && w.node.proc.ended() {
			w.node = s.original(t, w.redis)
			w.subscribes(t)
		}
	}
}

// subscribes waits until the server hears what is published: the original listens before it does.
func (w *world) subscribes(t *testing.T) {
	t.Helper()
	eventually(t, patience, func() string {
		if err := w.publish("are you there?"); err != nil {
			return w.name + " does not subscribe: " + err.Error()
		}
		return ""
	})
	p := newPlay(w)
	defer p.end()
	p.flushChat()
	if p.log.bad != "" {
		t.Fatalf("%s does not pass lines on: %s", w.name, p.log.bad)
	}
}

func playOn(w *world, e exchange) record {
	p := newPlay(w)
	defer p.end()
	for _, do := range e.steps {
		do(p)
		if w.mortal && p.hadEnd && w.dies() {
			break
		}
	}
	if w.mortal && w.dies() {
		return record{lines: []string{"the process died"}}
	}
	if e.ground == chatty {
		p.flushChat()
	}
	return p.log
}

// dies asks for an answer that no exchange changes, and where none comes, waits for the end of the process.
func (w *world) dies() bool {
	if !w.node.proc.ended() && w.answers() {
		return false
	}
	select {
	case <-w.node.proc.done:
		return true
	case <-time.After(answerTime):
		return false
	}
}

// answers has the server answer a request that changes nothing. What was sent to it before has arrived by then.
func (w *world) answers() bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+w.node.port)
	if err != nil {
		return false
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /socket.io/?transport=none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(answerTime))
	var head [12]byte
	n, _ := conn.Read(head[:])
	return string(head[:n]) == "HTTP/1.1 400"
}

// publish says a line on Redis, byte by byte as it is.
func (w *world) publish(line string) error {
	conn, err := net.Dial("tcp", "127.0.0.1:"+w.redis.port)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(conn, "*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$"+strconv.Itoa(len(line))+"\r\n"+line+"\r\n")
	conn.SetReadDeadline(time.Now().Add(answerTime))
	var answer [16]byte
	n, err := conn.Read(answer[:])
	if err == nil && !strings.HasPrefix(string(answer[:n]), ":1") {
		err = fmt.Errorf("Redis said %q", answer[:n])
	}
	return err
}

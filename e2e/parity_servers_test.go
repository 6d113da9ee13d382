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

	"tsunagu/e2e/notation"
)

// A server is the original or ours, with a Redis of its own: no line of one server reaches another.
type server struct {
	name   string
	node   node
	redis  *redisServer
	mayDie bool // the original, where the end of its process is an answer
	*dialect
	uncompared map[string]string // headers
}

// A pair is the original and ours.
type pair [2]*server

// servers holds three pairs. A line is heard by every client of a server, and some packets end the original.
type servers struct {
	*dialect
	silent, chatting, dying pair

	mu      sync.Mutex
	results map[string]result
	playing map[string]bool
	died    string // the first server that ended and must not, with what was played then
}

func startServers(t *testing.T, d *dialect) *servers {
	t.Helper()
	uncompared := uncomparedHeaders(t, d)
	start := func() pair {
		a, b := startRedis(t), startRedis(t)
		original, ours := d.start(t, a), node{}
		if againstSeed {
			ours = d.start(t, b)
		} else {
			ours = startNodes(t, 1, b)[0]
		}
		return pair{
			{name: "the original", node: original, redis: a, dialect: d, uncompared: uncompared},
			{name: "ours", node: ours, redis: b, dialect: d, uncompared: uncompared},
		}
	}
	s := &servers{dialect: d, silent: start(), chatting: start(), dying: start(), results: map[string]result{}, playing: map[string]bool{}}
	for _, server := range slices.Concat(s.silent[:], s.chatting[:], s.dying[:]) {
		server.awaitSubscription(t)
	}
	s.dying[0].mayDie, s.dying[1].mayDie = true, againstSeed
	return s
}

// pairFor is where an exchange is played.
func (s *servers) pairFor(m mode) pair {
	switch m {
	case serially:
		return s.chatting
	case alone:
		return s.dying
	}
	return s.silent
}

// playAll plays the exchanges. Up to 20 that differ without a reason, or do not although a difference is listed, are
// played once more when nothing else happens, since a busy machine can make a difference, or hide one.
func (s *servers) playAll(t *testing.T, exchanges []exchange, accepted map[string]string) map[string]result {
	t.Helper()
	modes := map[mode][]exchange{}
	for _, e := range exchanges {
		modes[e.mode] = append(modes[e.mode], e)
	}
	var others sync.WaitGroup
	for m, n := range map[mode]int{timed: len(modes[timed]), parallel: 8, serially: 1} {
		others.Go(func() { inParallel(modes[m], n, s.play) })
	}
	for _, e := range modes[alone] {
		s.play(e)
		s.restartDead(t)
	}
	others.Wait()
	if s.died != "" {
		t.Fatalf("%s. An exchange that ends a server has to run alone", s.died)
	}
	again := slices.DeleteFunc(slices.Concat(modes[parallel], modes[serially]), func(e exchange) bool {
		return (s.results[e.name].difference() == "") == (accepted[e.name] == "")
	})
	inParallel(again[:min(len(again), 20)], 1, s.play)
	return s.results
}

// play plays one exchange with both servers at a time.
func (s *servers) play(e exchange) {
	s.mu.Lock()
	s.playing[e.name] = true
	s.mu.Unlock()
	both := s.pairFor(e.mode)
	var r result
	var players sync.WaitGroup
	players.Go(func() { r.original = both[0].play(e) })
	players.Go(func() { r.ours = both[1].play(e) })
	players.Wait()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[e.name] = r
	for _, server := range both {
		if proc := server.node.proc; s.died == "" && !server.mayDie && proc.ended() {
			s.died = fmt.Sprintf("%s ended (%v) during one of %q", server.name, proc.cmd.ProcessState, slices.Sorted(maps.Keys(s.playing)))
		}
	}
	delete(s.playing, e.name)
}

// restartDead starts a new process where one has ended.
func (s *servers) restartDead(t *testing.T) {
	t.Helper()
	for _, server := range s.dying {
		if server.mayDie && server.node.proc.ended() {
			server.node = s.start(t, server.redis)
			server.awaitSubscription(t)
		}
	}
}

// awaitSubscription waits until the server hears what is published: the original listens before it subscribes.
func (s *server) awaitSubscription(t *testing.T) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		if err := s.publish("are you there?"); err != nil {
			return s.name + " does not subscribe: " + err.Error()
		}
		return ""
	})
	p := newPlayer(s)
	defer p.close()
	p.flushChat()
	if p.inconclusive != "" {
		t.Fatalf("%s does not deliver lines: %s", s.name, p.inconclusive)
	}
}

// flushChat waits until all that was said has arrived: a listener of its own waits for one more line.
func (p *player) flushChat() {
	const last = "the end of an exchange"
	p.unrecorded(func(p *player) {
		r, _ := notation.ParseRequest("UPGRADE ~3")
		p.send("the last", r)
		p.answer("the last")
		p.read("the last", "2")
		p.publish(last)
		p.framesUntil("the last", chatEvent(last))
	})
}

func (s *server) play(e exchange) record {
	p := newPlayer(s)
	defer p.close()
	for _, do := range e.steps {
		do(p)
		if s.mayDie && p.sawEnd && s.dies() {
			break
		}
	}
	if s.mayDie && s.dies() {
		return record{lines: []string{"the process ended"}}
	}
	if e.mode == serially {
		p.flushChat()
	}
	return p.record
}

// dies asks for an answer that depends on no exchange. If none comes, it waits for the end of the process.
func (s *server) dies() bool {
	if !s.node.proc.ended() && s.answers() {
		return false
	}
	select {
	case <-s.node.proc.done:
		return true
	case <-time.After(answerTime):
		return false
	}
}

// answers has the server answer a request that changes nothing. The server has read by then what was sent before.
func (s *server) answers() bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.node.port)
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

// publish publishes a line on Redis, byte by byte as it is, and wants one subscriber.
func (s *server) publish(line string) error {
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.redis.port)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(conn, "*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$"+strconv.Itoa(len(line))+"\r\n"+line+"\r\n")
	conn.SetReadDeadline(time.Now().Add(answerTime))
	var answer [16]byte
	n, err := conn.Read(answer[:])
	if err == nil && !strings.HasPrefix(string(answer[:n]), ":1") {
		err = fmt.Errorf("Redis answered %q", answer[:n])
	}
	return err
}

// isPong tells whether the answer to a poll holds the answer to a ping.
func (d *dialect) isPong(body string) bool {
	if d.eio == "3" {
		return strings.Contains(body, "1:3") || strings.Contains(body, "\x00\x01\xff3")
	}
	return strings.Contains(strings.ReplaceAll(body, `\"`, `"`), d.pong)
}

//go:build e2e

package adapter

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// record is what one node hears in the fault test. It checks each line as it
// comes: speaker and number stand in front of a text that looks like protocol.
type record struct {
	mu     sync.Mutex
	last   map[string]int
	missed int // lines of the client that is not ours
	wrong  []string
}

func (r *record) Receive(line []byte, pos Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var speaker string
	var n int
	if _, err := fmt.Sscanf(string(line), "%s %d", &speaker, &n); err != nil || string(line) != spoken(speaker, n) {
		r.wrong = append(r.wrong, fmt.Sprintf("nobody said %q", line))
		return
	}
	last := r.last[speaker]
	r.last[speaker] = n
	switch {
	case speaker == "foreign" && n > last:
		r.missed += n - last - 1
	case n != last+1:
		r.wrong = append(r.wrong, fmt.Sprintf("%s's line %d came after %d", speaker, n, last))
	case pos.IsZero():
		r.wrong = append(r.wrong, fmt.Sprintf("%s's line %d has no position", speaker, n))
	}
}

func (r *record) heard(speaker string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[speaker]
}

// check waits for all that was said, and compares.
func (r *record) check(t *testing.T, node string, said map[string]int) {
	t.Helper()
	for speaker, n := range said {
		awaitFor(t, time.Minute, fmt.Sprintf("%s hears line %d of %s", node, n, speaker), func() bool { return r.heard(speaker) >= n })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.wrong) > 0 {
		t.Errorf("%s: %d wrong, first %.300q", node, len(r.wrong), r.wrong[0])
	}
	t.Logf("%s heard %v, missed %d of elsewhere", node, r.last, r.missed)
}

// spoken is line n of a speaker. Cut anywhere, a part of it is a message.
func spoken(speaker string, n int) string {
	forged := "\r\n*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$6\r\nforged\r\n"
	return fmt.Sprintf("%s %d ", speaker, n) + strings.Repeat(forged, n%9) + strings.Repeat("日本", n%50)
}

// rig is two nodes behind a failing network before a failing Redis.
type rig struct {
	*rand.Rand
	t     *testing.T
	redis *server
	net   *proxy
	log   *slog.Logger
}

func (r *rig) wait(d time.Duration) { pause(context.Background(), d) }

// some is a random time up to d.
func (r *rig) some(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// restart kills redis-server and starts it with the last dump or with nothing.
func (r *rig) restart(withDump bool) {
	r.redis.kill()
	r.redis.useDump(r.t, withDump)
	r.wait(r.some(500 * time.Millisecond))
	r.redis.start(r.t)
}

// faults are what can happen, each until it is over.
var faults = []struct {
	name string
	do   func(r *rig)
}{
	{"connections cut every 100 ms", func(r *rig) {
		for range 15 {
			r.net.cut()
			r.wait(100 * time.Millisecond)
		}
	}},
	{"half-open connections", func(r *rig) { r.net.silence() }},
	{"answers lost", func(r *rig) {
		r.net.loseAnswers()
		r.wait(r.some(300 * time.Millisecond))
		r.net.cut()
	}},
	{"2 s delay in mid-message", func(r *rig) {
		release := r.net.delay()
		r.wait(2 * time.Second)
		release()
	}},
	{"frozen for 3 s", func(r *rig) { r.redis.freeze(func() { r.wait(3 * time.Second) }) }},
	{"killed, restarted empty", func(r *rig) { r.restart(false) }},
	{"killed 30 ms after a cut, restarted empty", func(r *rig) {
		r.net.cut()
		r.wait(30 * time.Millisecond)
		r.restart(false)
	}},
	{"dump", func(r *rig) { r.redis.dump(r.t) }},
	{"restarted from an older dump", func(r *rig) { r.restart(true) }},
	{"restarted with its data", func(r *rig) { r.redis.dump(r.t); r.restart(true) }},
	{"clock went back", func(r *rig) {
		c := r.redis.client(r.t)
		defer c.Close()
		// It fails where there is no log or it is there already.
		c.Do(context.Background(), "xsetid", namesOf("chat").keys[0], "99999999999999-0")
		r.redis.dump(r.t)
		r.wait(r.some(time.Second))
		r.restart(true)
	}},
	{"log evicted", func(r *rig) {
		c := r.redis.client(r.t)
		defer c.Close()
		c.Del(context.Background(), namesOf("chat").keys[r.IntN(2)])
	}},
}

// faultEnv reads FAULT_SEED and FAULT_TIME.
func faultEnv(t *testing.T) (seed uint64, length time.Duration) {
	seed, length = modelEnv(t, "FAULT_SEED", rand.Uint64N(1_000_000)), time.Minute
	if s := os.Getenv("FAULT_TIME"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatalf("FAULT_TIME: %v", err)
		}
	}
	return seed, length
}

// Two nodes carry 400 lines a second through random faults in random order:
// each hears what both say, once and in order. FAULT_SEED and FAULT_TIME say
// which faults and for how long.
func TestRealFaults(t *testing.T) {
	seed, length := faultEnv(t)
	t.Logf("FAULT_SEED=%d FAULT_TIME=%v", seed, length)
	s := realRedis(t)
	r := &rig{Rand: rand.New(rand.NewPCG(seed, 0)), t: t, redis: s, net: newProxy(t, s.addr)}
	var book logbook
	showOnFailure(t, &book)
	opts := at(r.net.addr)
	opts.ReadTimeout = 2 * time.Second
	names, records, nodes := []string{"one", "two"}, map[string]*record{}, map[string]*Adapter{}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, name := range names {
		// The buffers are full after a minute, and the log turns over whenever
		// Redis has lost the watermarks.
		cfg := Config{Buffer: 4 << 20, LogBytes: 8 << 20, Logger: book.logger().With("node", name),
			ProbeInterval: time.Second, ProbeTimeout: 2500 * time.Millisecond}
		rec, node := &record{last: map[string]int{}}, New(opts, cfg)
		records[name], nodes[name] = rec, node
		running.Go(func() { node.Run(ctx, rec) })
		<-node.Ready()
	}
	r.log = book.logger()

	said := map[string]int{}
	var speaking sync.WaitGroup
	end := time.Now().Add(length)
	for _, name := range names {
		speaking.Go(func() {
			n := speak(end, 200, func(n int) { nodes[name].Publish([]byte(spoken(name, n))) })
			book.mu.Lock()
			defer book.mu.Unlock()
			said[name] = n
		})
	}
	speaking.Go(func() {
		c := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, ReadTimeout: time.Second})
		defer c.Close()
		speak(end, 20, func(n int) { c.Publish(ctx, "chat", spoken("foreign", n)) })
	})
	count := map[string]int{}
	for time.Now().Before(end) {
		f := faults[r.IntN(len(faults))]
		count[f.name]++
		r.log.Info("fault", "what", f.name)
		f.do(r)
		r.wait(time.Duration(r.IntN(1500)) * time.Millisecond)
	}
	speaking.Wait()
	for name, rec := range records {
		rec.check(t, name, said)
		st := nodes[name].Stats()
		t.Logf("%s: %+v", name, st)
		if st.Lost != 0 || st.Plain != 0 || st.Dropped != (Dropped{}) {
			t.Errorf("%s: lines were lost or went plainly", name)
		}
	}
	t.Logf("faults: %v", count)
}

func showOnFailure(t *testing.T, book *logbook) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the nodes' log:\n%s", book)
		}
	})
}

// speak says so many lines a second until the end and returns how many.
func speak(end time.Time, perSecond int, say func(n int)) (n int) {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for begin := time.Now(); ; <-tick.C {
		now := time.Now()
		for due := int(now.Sub(begin).Seconds() * float64(perSecond)); n < due; {
			n++
			say(n)
		}
		if now.After(end) {
			return n
		}
	}
}

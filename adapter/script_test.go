package adapter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The model's Redis and the scripts answer random calls alike.
func TestModelIsTheScript(t *testing.T) {
	m := mini(t)
	compareWithModel(t, plainClient(t, m.Addr()), 30)
}

// compareWithModel makes rounds of random calls on both.
func compareWithModel(t *testing.T, c *redis.Client, rounds int) {
	ctx := context.Background()
	seed := modelEnv(t, "MODEL_SEED", rand.Uint64())
	rng := rand.New(rand.NewPCG(seed, 0))
	n := namesOf("chat")
	sub := c.Subscribe(ctx, n.bare, n.lines)
	defer sub.Close()
	for range 2 {
		if _, err := sub.Receive(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for round := range rounds {
		if err := c.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		model := newModelRedis(none)
		ids := map[string]string{"": ""} // the model's to the real ones
		for call := uint64(1); call <= 30; call++ {
			if rng.IntN(10) == 0 {
				c.Del(ctx, n.keys[0])
				model.log = nil
			}
			b := batch{run: string(rune('A' + rng.IntN(2))), first: 1 + rng.Uint64N(6), base: rng.IntN(5) == 0, quiet: rng.Uint64N(6)}
			for i := range rng.IntN(4) {
				b.lines = append(b.lines, fmt.Appendf(nil, "%s %d", b.run, b.first+uint64(i)))
			}
			want, said := model.publish(b, call)
			got, err := logLines(c, n, b, call, 1<<20)
			if err != nil || got != want {
				t.Fatalf("seed %d, round %d: %+v: watermark %d (%v), want %d", seed, round, b, got, err, want)
			}
			hearSame(t, sub, said, ids)
			samePage(t, c, n, model, ids)
		}
	}
}

// hearSame receives what the model said, and learns the ids of new entries.
func hearSame(t *testing.T, sub *redis.PubSub, said []string, ids map[string]string) {
	t.Helper()
	for i, want := range said {
		msg, err := sub.ReceiveMessage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if msg.Payload != want {
				t.Fatalf("heard %q, want %q", msg.Payload, want)
			}
			continue
		}
		got, err := parseAnnouncement(msg.Payload)
		if err != nil {
			t.Fatalf("%q: %v", msg.Payload, err)
		}
		model, _ := parseAnnouncement(want)
		for i := range min(len(got.lines), len(model.lines)) {
			ids[model.lines[i].id] = got.lines[i].id
			model.lines[i].id = got.lines[i].id
		}
		if fmt.Sprint(got) != fmt.Sprint(model) {
			t.Fatalf("heard %v, want %v", got, model)
		}
	}
}

// samePage reads both logs whole and compares.
func samePage(t *testing.T, c *redis.Client, n names, model *modelRedis, ids map[string]string) {
	t.Helper()
	for _, from := range []string{"-", "$"} {
		want := model.read(from, pageEntries)
		got, err := readPage(c, n, from)
		if err != nil {
			t.Fatal(err)
		}
		want.entries = slices.Clone(want.entries)
		for i := range want.entries {
			want.entries[i].pos.ID = ids[want.entries[i].pos.ID]
		}
		for run, mark := range want.marks {
			if mark == 0 {
				delete(want.marks, run)
			}
		}
		for run, mark := range got.marks {
			if mark == 0 {
				delete(got.marks, run)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("page from %s: %v, want %v", from, got, want)
		}
	}
}

// The log is bounded in bytes, whatever its lines are.
func TestLogIsBounded(t *testing.T) {
	m := mini(t)
	checkLogBound(t, plainClient(t, m.Addr()))
}

func checkLogBound(t *testing.T, c *redis.Client) {
	ctx := context.Background()
	n := namesOf("chat")
	const bound = 64 << 10
	next, total := uint64(1), 0
	for _, size := range []int{0, 10, 1000, 20_000, 3} {
		for range 200 {
			b := batch{run: "A", first: next, lines: [][]byte{[]byte(strings.Repeat("x", size)), []byte(strings.Repeat("y", size))}}
			if _, err := logLines(c, n, b, 1, bound); err != nil {
				t.Fatal(err)
			}
			next += 2
			total += 2 * (size + lineCost)
		}
		entries, err := c.XRange(ctx, n.keys[0], "-", "+").Result()
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for _, e := range entries {
			bytes += len(e.Values["t"].(string)) + lineCost
		}
		// A call trims when it has made the log too large, by a sixteenth or more.
		if most := bound; bytes > most || bytes < min(total, bound/4) {
			t.Errorf("with lines of %d bytes the log holds %d bytes, want up to %d, and not much less", size, bytes, most)
		}
		if got := entries[len(entries)-1].Values["n"]; got != fmt.Sprint(next-1) {
			t.Errorf("the newest entry is %s, want %d", got, next-1)
		}
	}
	if ttl := c.TTL(ctx, n.keys[0]).Val(); ttl <= 0 || ttl > unusedExpiry {
		t.Errorf("the log expires in %v, want within %v", ttl, unusedExpiry)
	}
	if ttl := c.TTL(ctx, n.keys[1]).Val(); ttl <= 0 || ttl > unusedExpiry {
		t.Errorf("the watermarks expire in %v, want within %v", ttl, unusedExpiry)
	}
}

// The watermark of a run that has not probed for an hour goes, others stay.
func TestOldWatermarksGo(t *testing.T) {
	m := mini(t)
	c := plainClient(t, m.Addr())
	ctx := context.Background()
	n := namesOf("chat")
	say := func(run string, first uint64, lines ...string) {
		t.Helper()
		b := batch{run: run, first: first}
		for _, l := range lines {
			b.lines = append(b.lines, []byte(l))
		}
		if _, err := logLines(c, n, b, 1, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	say("old", 1, "x")
	say("old", 2)
	say("silent", 1, "x") // has never probed, and is seen by the next probe
	c.HIncrBy(ctx, n.keys[1], "@old", -int64(unusedExpiry.Seconds())-1)
	say("new", 1)
	p, err := readPage(c, n, "-")
	if err != nil {
		t.Fatal(err)
	}
	if _, there := p.marks["old"]; there || p.marks["silent"] != 1 {
		t.Errorf("watermarks %v, want silent's and not old's", p.marks)
	}
	if fields := c.HKeys(ctx, n.keys[1]).Val(); slices.Contains(fields, "@old") {
		t.Errorf("fields %q, want none of the run that is gone", fields)
	}
}

// A call that is refused changes nothing: a Redis without data stays without.
func TestRefusedCallLeavesNothing(t *testing.T) {
	m := mini(t)
	b := batch{run: "A", first: 5, lines: [][]byte{[]byte("x")}}
	mark, err := logLines(plainClient(t, m.Addr()), namesOf("chat"), b, 1, 1<<20)
	if err != nil || mark != 0 {
		t.Errorf("watermark %d (%v), want 0", mark, err)
	}
	if keys := m.Keys(); len(keys) > 0 {
		t.Errorf("a refused call has left %q", keys)
	}
}

// Numbers beyond what Lua prints without an exponent.
func TestLargeNumbers(t *testing.T) {
	m := mini(t)
	c := plainClient(t, m.Addr())
	const first = 1<<53 - 10
	b := batch{run: "A", first: first, base: true, lines: [][]byte{[]byte("x"), []byte("y")}}
	mark, err := logLines(c, namesOf("chat"), b, 1<<52, 1<<20)
	if err != nil || mark != first+1 {
		t.Errorf("watermark %d (%v), want %d", mark, err, first+1)
	}
	p, err := readPage(c, namesOf("chat"), "-")
	if err != nil || p.entries[1].pos.Number != first+1 {
		t.Errorf("page %v (%v), want number %d", p, err, first+1)
	}
}

package adapter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// awkward are lines that a careless wire would change.
var awkward = []string{
	"hello",
	"",
	"日本語と絵文字 🎉",
	"\xff\xfe not UTF-8 \x00",
	"*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$6\r\nforged\r\n",
	strings.Repeat("長い行", 1<<20/9),
}

// plainClient is a Redis client that is not ours.
func plainClient(t *testing.T, addr string) *redis.Client {
	c := redis.NewClient(at(addr))
	t.Cleanup(func() { c.Close() })
	return c
}

func TestHearsPlainPublish(t *testing.T) {
	m := mini(t)
	n := start(t, at(m.Addr()), quick()).waitReady(t)
	c := plainClient(t, m.Addr())
	for _, line := range awkward {
		if err := c.Publish(context.Background(), "chat", line).Err(); err != nil {
			t.Fatal(err)
		}
		c.Publish(context.Background(), "other", "not for us")
	}
	if got := n.wait(t, len(awkward)); !slices.Equal(got, awkward) {
		t.Errorf("heard %.300q", got)
	}
}

func TestPlainSubscriberHears(t *testing.T) {
	m := mini(t)
	c := plainClient(t, m.Addr())
	sub := c.Subscribe(context.Background(), "chat")
	defer sub.Close()
	if _, err := sub.Receive(context.Background()); err != nil {
		t.Fatal(err)
	}
	n := start(t, at(m.Addr()), quick()).waitReady(t)
	n.say(t, awkward...)
	for _, want := range awkward {
		msg, err := sub.ReceiveMessage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if msg.Payload != want || msg.Channel != "chat" {
			t.Errorf("heard %.100q on %q, want %.100q", msg.Payload, msg.Channel, want)
		}
	}
	if got := n.wait(t, len(awkward)); !slices.Equal(got, awkward) {
		t.Errorf("the speaker heard %.300q", got)
	}
}

func TestChannelsAreApart(t *testing.T) {
	m := mini(t)
	cfg := quick()
	cfg.Channel = "elsewhere"
	a := start(t, at(m.Addr()), quick()).waitReady(t)
	b := start(t, at(m.Addr()), cfg).waitReady(t)
	a.say(t, "a")
	b.say(t, "b")
	if got := a.wait(t, 1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a heard %q", got)
	}
	if got := b.wait(t, 1); !slices.Equal(got, []string{"b"}) {
		t.Errorf("b heard %q", got)
	}
}

func TestOrderUnderLoad(t *testing.T) {
	const speakers, each = 4, 1000
	m := mini(t)
	nodes := []*node{
		start(t, at(m.Addr()), quick()).waitReady(t),
		start(t, at(m.Addr()), quick()).waitReady(t),
	}
	var wg sync.WaitGroup
	for s := range speakers {
		wg.Go(func() {
			for i := range each {
				nodes[s%2].say(t, fmt.Sprintf("%d %d", s, i))
			}
		})
	}
	wg.Wait()
	for _, n := range nodes {
		next := make([]int, speakers)
		for _, line := range n.wait(t, speakers*each) {
			var s, i int
			fmt.Sscan(line, &s, &i)
			if i != next[s] {
				t.Fatalf("speaker %d: line %d came where %d was due", s, i, next[s])
			}
			next[s]++
		}
		// The last answer may still be under way when its line is here.
		await(t, "all counted", func() bool { return n.Stats().Published == speakers*each/2 })
		if st := n.Stats(); st.Received != speakers*each || st.Waiting != 0 || st.Dropped != (Dropped{}) {
			t.Errorf("stats %+v", st)
		}
	}
}

//go:build e2e

package adapter

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// sentinels starts three Sentinels that watch the master and returns their URL.
func sentinels(t *testing.T, master *server) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.addr)
	var addrs []string
	for range 3 {
		addr := freeAddr(t)
		_, own, _ := net.SplitHostPort(addr)
		dir := t.TempDir()
		conf := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nlogfile %s\n"+
			"sentinel monitor chat %s %s 2\nsentinel down-after-milliseconds chat 2000\nsentinel failover-timeout chat 6000\n",
			own, dir, filepath.Join(dir, "log"), host, port)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("redis-server", conf, "--sentinel")
		if err := cmd.Start(); err != nil {
			t.Fatalf("sentinel: %v", err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		addrs = append(addrs, addr)
	}
	for _, addr := range addrs {
		c := redis.NewSentinelClient(at(addr))
		await(t, "a Sentinel that knows the others and the replica", func() bool {
			others, _ := c.Sentinels(context.Background(), "chat").Result()
			replicas, _ := c.Replicas(context.Background(), "chat").Result()
			return len(others) == 2 && len(replicas) == 1
		})
		c.Close()
	}
	return fmt.Sprintf("redis://%s/0?master_name=chat&addr=%s&read_timeout=1s", addrs[0], strings.Join(addrs[1:], "&addr="))
}

// masterIs waits until every Sentinel names s.
func masterIs(t *testing.T, url string, s *server) {
	t.Helper()
	f, err := redis.ParseFailoverURL(url)
	if err != nil {
		t.Fatal(err)
	}
	awaitFor(t, 30*time.Second, "the failover", func() bool {
		for _, sentinel := range f.SentinelAddrs {
			addr, err := askSentinel(context.Background(), f, sentinel)
			if err != nil || addr != s.addr {
				return false
			}
		}
		return true
	})
}

// A master dies, hangs, or is failed over by an operator, while two nodes talk:
// nobody misses a line, nobody hears one twice.
func TestRealSentinel(t *testing.T) {
	one := realRedis(t)
	host, port, _ := net.SplitHostPort(one.addr)
	two := realRedis(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	url := sentinels(t, one)
	opts, err := ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg, book := reported()
	showOnFailure(t, book)
	cfg.Mode, cfg.ProbeInterval, cfg.ProbeTimeout = Log, time.Second, time.Second
	a, b := start(t, opts, cfg).waitReady(t), start(t, opts, cfg).waitReady(t)
	ended := talk(t, a)

	one.kill()
	masterIs(t, url, two)
	one.useDump(t, false)
	host, port, _ = net.SplitHostPort(two.addr)
	one.args = []string{"--replicaof", host + " " + port, "--repl-diskless-sync-delay", "0"}
	one.start(t)
	c := one.client(t)
	defer c.Close()
	awaitFor(t, 30*time.Second, "a replica", func() bool {
		return strings.Contains(c.Info(context.Background(), "replication").Val(), "master_link_status:up")
	})
	two.cmd.Process.Signal(stopSignal)
	masterIs(t, url, one)
	two.cmd.Process.Signal(continueSignal) // it believes to be the master for a moment
	awaitFor(t, 30*time.Second, "the nodes at the new master", func() bool {
		heard, err := c.PubSubNumSub(context.Background(), "chat").Result()
		return err == nil && heard["chat"] == 2
	})
	said := ended()
	for name, n := range map[string]*node{"a": a, "b": b} {
		awaitFor(t, 30*time.Second, name+" hears the last line", func() bool { return len(n.all()) >= said })
		if got := n.all(); !slices.Equal(got, numbered(1, said)) {
			t.Errorf("%s heard %d lines, not the %d that were said, or not in order", name, len(got), said)
		}
	}
	t.Logf("%d lines, %+v", said, a.Stats())
}

// talk has n say numbers, 300 a second, until ended is called.
func talk(t *testing.T, n *node) (ended func() (said int)) {
	stop, said := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				said <- count
				return
			case <-tick.C:
				count++
				if err := n.Publish([]byte(itoa(count))); err != nil {
					t.Errorf("Publish: %v", err)
				}
			}
		}
	}()
	end := sync.OnceValue(func() int { close(stop); return <-said })
	t.Cleanup(func() { end() })
	return end
}

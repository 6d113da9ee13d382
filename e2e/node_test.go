//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A node is a server of the chat: one port of ours, or one process of the original.
type node struct {
	port string
	proc *process
}

func (n node) url() string { return "http://127.0.0.1:" + n.port }

// tsunaguCommand runs our server with these arguments, and without settings from the environment.
func tsunaguCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if name != "PORT" && name != "HOST" && name != "REDIS_URL" {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	return cmd
}

// startTsunagu runs one process with n nodes, and waits until all of them listen.
func startTsunagu(t *testing.T, n int, args ...string) []node {
	t.Helper()
	ports := freePorts(t, n)
	args = append([]string{"-host", "127.0.0.1", "-port", strings.Join(ports, ",")}, args...)
	p := start(t, "tsunagu on "+strings.Join(ports, ","), tsunaguCommand(args...))
	var nodes []node
	for _, port := range ports {
		p.prints(t, "listening on localhost:"+port)
		nodes = append(nodes, node{port, p})
	}
	return nodes
}

// startNodes runs n nodes on one Redis: as one process of ours, or as the original servers.
func startNodes(t *testing.T, n int, redis *redisServer) []node {
	t.Helper()
	if !againstSeed {
		return startTsunagu(t, n, "-redis", redis.url())
	}
	var nodes []node
	for range n {
		nodes = append(nodes, startSeed(t, redis))
	}
	return nodes
}

// startSeed runs the original server, unchanged but for its two ports.
func startSeed(t *testing.T, redis *redisServer) node { return startSeedWith(t, redis) }

// startSeed4 runs it on socket.io 4.8, which serves clients of 2.x, too, if allowEIO3 is set.
func startSeed4(t *testing.T, redis *redisServer) node {
	return startSeedWith(t, redis, "require('socket.io')(server)", "require('server-4.8.4')(server, { allowEIO3: true })")
}

// startSeedWith runs it with some of its text replaced.
func startSeedWith(t *testing.T, redis *redisServer, replacements ...string) node {
	t.Helper()
	source, err := os.ReadFile("testdata/seed/server.js")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePorts(t, 1)[0]
	replacements = append(replacements, "3000", port, "createClient()", "createClient("+redis.port+")")
	text := strings.NewReplacer(replacements...).Replace(string(source))
	for name, content := range map[string]string{"server.js": text, "index.html": string(page)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "server.js")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "NODE_PATH="+modules)
	before := redis.subscribers(t)
	p := start(t, "the seed's server.js on "+port, cmd)
	p.prints(t, "listening on localhost:"+port)
	// It listens before it has subscribed, and misses what is said until then.
	eventually(t, waitLimit, func() string {
		if n := redis.subscribers(t); n <= before {
			return fmt.Sprintf("%d nodes have subscribed to chat, want more than %d", n, before)
		}
		return ""
	})
	return node{port, p}
}

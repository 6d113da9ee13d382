//go:build e2e

package e2e

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A redisServer of a test. It can be stopped and started again on the same port.
type redisServer struct {
	port string
	dir  string
	proc *process
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	r := &redisServer{port: freePorts(t, 1)[0], dir: t.TempDir()}
	r.start(t)
	return r
}

func (r *redisServer) start(t *testing.T) {
	t.Helper()
	r.proc = start(t, "redis-server", exec.Command("redis-server", "--port", r.port, "--bind", "127.0.0.1",
		"--dir", r.dir, "--save", "", "--appendonly", "no", "--daemonize", "no"))
	eventually(t, waitLimit, func() string {
		r.proc.mustRun(t)
		if out, err := exec.Command("redis-cli", "-p", r.port, "ping").CombinedOutput(); err != nil || string(out) != "PONG\n" {
			return "redis-server does not answer: " + string(out)
		}
		return ""
	})
}

func (r *redisServer) stop(t *testing.T) {
	t.Helper()
	_ = r.proc.cmd.Process.Kill()
	r.proc.exits(t, waitLimit)
}

func (r *redisServer) url() string { return "redis://127.0.0.1:" + r.port }

// subscribers returns the number of subscribers of the chat.
func (r *redisServer) subscribers(t *testing.T) int {
	t.Helper()
	fields := strings.Fields(mustOutput(t, "redis-cli", "-p", r.port, "pubsub", "numsub", "chat"))
	n, err := strconv.Atoi(fields[len(fields)-1])
	if err != nil {
		t.Fatalf("PUBSUB NUMSUB: %v", err)
	}
	return n
}

// publish publishes a line with redis-cli, and returns the number of subscribers.
func (r *redisServer) publish(t *testing.T, line string) string {
	t.Helper()
	return mustOutput(t, "redis-cli", "-p", r.port, "publish", "chat", line)
}

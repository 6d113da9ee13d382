package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// process is a child: a server under test, or the Redis server between them.
type process struct {
	name string
	cmd  *exec.Cmd
	port int
	said tail
	up   chan struct{} // closed when it says that it listens
	died chan struct{} // closed when it has ended
}

func (p *process) pid() int     { return p.cmd.Process.Pid }
func (p *process) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// tail keeps the last of what a child says, for the message when it fails.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 4096; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// launch starts a child and returns when it has said the word on its standard output.
func launch(p *process, word string) error {
	p.up, p.died = make(chan struct{}), make(chan struct{})
	tie(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.cmd.Stderr = &p.said
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	go p.follow(out, word)
	select {
	case <-p.up:
		return nil
	case <-p.died:
	case <-time.After(20 * time.Second):
	}
	return errors.Join(fmt.Errorf("%s does not come up; it said: %s", p.name, p.said.String()), p.kill())
}

// tie sees to it that a child does not outlive this process, however that ends.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

func (p *process) follow(out io.Reader, word string) {
	lines := bufio.NewScanner(out)
	for up := false; lines.Scan(); {
		if !up && strings.Contains(lines.Text(), word) {
			up = true
			close(p.up)
		}
		_, _ = p.said.Write(append(lines.Bytes(), '\n'))
	}
	_, _ = io.Copy(io.Discard, out)
	_ = p.cmd.Wait()
	close(p.died)
}

// kill ends the child at once; how servers shut down is not what is measured.
func (p *process) kill() error {
	_ = p.cmd.Process.Kill()
	select {
	case <-p.died:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("%s does not end", p.name)
	}
}

// alive is nil while the child runs.
func (p *process) alive() error {
	select {
	case <-p.died:
		return fmt.Errorf("%s died (%v); it said: %s", p.name, p.cmd.ProcessState, p.said.String())
	default:
		return nil
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startRedis runs one Redis server for the whole run, without persistence.
func startRedis(o options) (*process, *redis.Client, error) {
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	p := &process{name: "redis-server", port: port}
	p.cmd = exec.Command(o.redisServer, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := launch(p, "Ready to accept connections"); err != nil {
		return nil, nil, err
	}
	return p, redis.NewClient(&redis.Options{Addr: p.addr()}), nil
}

// start runs one of the servers and returns when it listens and has subscribed.
func (b *bench) start(ctx context.Context, name string) (*process, error) {
	if err := b.rdb.FlushAll(ctx).Err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{name: name, port: port}
	if p.cmd, err = b.command(name, port); err != nil {
		return nil, err
	}
	if err := launch(p, "listening on"); err != nil {
		return nil, err
	}
	for range 200 {
		n, err := b.rdb.PubSubNumSub(ctx, "chat").Result()
		if err != nil {
			return nil, errors.Join(err, p.kill())
		}
		if n["chat"] > 0 {
			return p, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s has not subscribed to chat; it said: %s", name, p.said.String()), p.kill())
}

func (b *bench) command(name string, port int) (*exec.Cmd, error) {
	url := "redis://" + b.redis.addr()
	switch name {
	case ours:
		return exec.Command(b.opt.ours, "-port", fmt.Sprint(port), "-host", "127.0.0.1", "-redis", url), nil
	case node2:
		return b.seed(port)
	case node4:
		cmd := exec.Command(b.opt.node, filepath.Join(b.dir, "node4.js"), fmt.Sprint(port), fmt.Sprint(b.redis.port), b.module4)
		cmd.Env = append(os.Environ(), "NODE_ENV=production")
		return cmd, nil
	default:
		return exec.Command(filepath.Join(b.dir, name), "-port", fmt.Sprint(port), "-redis", url), nil
	}
}

// seed is the original server, with nothing changed but its port and where its Redis is.
func (b *bench) seed(port int) (*exec.Cmd, error) {
	text, err := os.ReadFile(b.opt.seed)
	if err != nil {
		return nil, err
	}
	script := string(text)
	for old, new := range map[string]string{"3000": fmt.Sprint(port), "createClient()": fmt.Sprintf("createClient(%d)", b.redis.port)} {
		if !strings.Contains(script, old) {
			return nil, fmt.Errorf("%s is not the original server: no %q in it", b.opt.seed, old)
		}
		script = strings.ReplaceAll(script, old, new)
	}
	file := filepath.Join(b.dir, "server.js")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(b.opt.node, file)
	cmd.Env = append(os.Environ(), "NODE_ENV=production")
	return cmd, nil
}

//go:build e2e

package adapter

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// server is a real redis-server of the test's own.
type server struct {
	addr, sock, dir string
	args            []string
	cmd             *exec.Cmd
}

func realRedis(t testing.TB, args ...string) *server {
	t.Helper()
	// Not t.TempDir: a socket's path may have no more than 107 bytes.
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: freeAddr(t), dir: dir, sock: filepath.Join(dir, "sock"), args: args}
	s.start(t)
	t.Cleanup(func() {
		s.kill()
		os.RemoveAll(dir)
	})
	return s
}

func (s *server) start(t testing.TB) {
	t.Helper()
	port := s.addr[len("127.0.0.1:"):]
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--unixsocket", s.sock,
		"--dir", s.dir, "--save", "", "--logfile", filepath.Join(s.dir, "log")}, s.args...)
	s.cmd = exec.Command("redis-server", args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("these tests need redis-server: %v", err)
	}
	c := s.client(t)
	defer c.Close()
	await(t, "redis-server", func() bool { return c.Ping(context.Background()).Err() == nil })
}

// kill ends it without a word, as kill -9 does.
func (s *server) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

func (s *server) restart(t *testing.T) {
	t.Helper()
	s.kill()
	s.start(t)
}

func (s *server) client(t testing.TB) *redis.Client {
	return redis.NewClient(at(s.addr))
}

// freeze stops the process for as long as during runs.
func (s *server) freeze(during func()) {
	s.cmd.Process.Signal(syscall.SIGSTOP)
	during()
	s.cmd.Process.Signal(syscall.SIGCONT)
}

// dump writes the data to disk and keeps a copy of the file.
func (s *server) dump(t *testing.T) {
	t.Helper()
	c := s.client(t)
	defer c.Close()
	if err := c.Save(context.Background()).Err(); err != nil {
		t.Fatalf("SAVE: %v", err)
	}
	data, err := os.ReadFile(s.file("dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file("old.rdb"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// useDump has the next start load what the last dump wrote, or nothing.
func (s *server) useDump(t *testing.T, use bool) {
	t.Helper()
	os.Remove(s.file("dump.rdb"))
	data, err := os.ReadFile(s.file("old.rdb"))
	if !use || os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file("dump.rdb"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *server) file(name string) string { return filepath.Join(s.dir, name) }

const (
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
)

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// bench is one run.
type bench struct {
	opt     options
	dir     string // for what is built, away when the run ends
	redis   *process
	rdb     *redis.Client
	module4 string // what socket.io 4.x is called among the npm packages
	results results
}

// prepare builds what the rows need and starts Redis.
func prepare(ctx context.Context, o options, rows []row) (*bench, error) {
	if err := raiseLimit(rows); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	b := &bench{opt: o, dir: dir}
	if err := b.build(ctx, rows); err != nil {
		return b, err
	}
	if err := b.packages(rows); err != nil {
		return b, err
	}
	if b.redis, b.rdb, err = startRedis(o); err != nil {
		return b, err
	}
	b.results = results{Short: o.short, Trial: o.clients > 0, Machine: b.machine(ctx)}
	return b, nil
}

func (b *bench) close() {
	if b.redis != nil {
		_ = b.redis.kill()
	}
	_ = os.RemoveAll(b.dir)
}

func needs(rows []row, server string) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return slices.Contains(r.servers, server) })
}

// raiseLimit lets the children have as many descriptors as the system allows; Node does not see to that itself.
func raiseLimit(rows []row) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	for _, r := range rows {
		if uint64(r.clients)+200 > l.Max {
			return fmt.Errorf("row %s needs %d descriptors a process, and %d are allowed", r.name, r.clients+200, l.Max)
		}
	}
	l.Cur = l.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}

func (b *bench) build(ctx context.Context, rows []row) error {
	targets := map[string]string{floor: "./bench/peers/floor", port: "./bench/peers/port"}
	if b.opt.ours == "" {
		targets[ours] = "."
		b.opt.ours = filepath.Join(b.dir, ours)
	}
	for name, path := range targets {
		if !needs(rows, name) {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.dir, name), path)
		cmd.Dir = b.opt.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", path, err, out)
		}
	}
	return nil
}

// packages lays the npm packages beside the scripts, and makes sure that they are what the tables say.
func (b *bench) packages(rows []row) error {
	if !needs(rows, node2) && !needs(rows, node4) {
		return nil
	}
	modules, err := filepath.Abs(b.opt.modules)
	if err != nil {
		return err
	}
	manifests, _ := filepath.Glob(filepath.Join(modules, "*", "package.json"))
	found2 := false
	for _, file := range manifests {
		var m struct{ Name, Version string }
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &m) != nil || m.Name != "socket.io" {
			continue
		}
		alias := filepath.Base(filepath.Dir(file))
		found2 = found2 || alias == "socket.io" && m.Version == "2.1.1"
		if strings.HasPrefix(m.Version, "4.8.") {
			b.module4 = alias
		}
	}
	if needs(rows, node2) && !found2 || needs(rows, node4) && b.module4 == "" {
		return fmt.Errorf("%s lacks socket.io 2.1.1 or 4.8: run npm ci in e2e first", modules)
	}
	if err := os.Symlink(modules, filepath.Join(b.dir, "node_modules")); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(b.opt.root, "bench", "peers", "node4.js"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "node4.js"), text, 0o644)
}

// machine says in one line what the figures were taken on.
func (b *bench) machine(ctx context.Context) string {
	var u syscall.Utsname
	_ = syscall.Uname(&u)
	var release []byte
	for _, c := range u.Release {
		if c == 0 || c == '-' {
			break
		}
		release = append(release, byte(c))
	}
	node, _ := exec.CommandContext(ctx, b.opt.node, "--version").Output()
	server, _ := b.rdb.InfoMap(ctx, "server").Result()
	return fmt.Sprintf("%d cores, Linux %s, %s, Node %s, Redis %s", runtime.NumCPU(), release,
		strings.Replace(runtime.Version(), "go", "Go ", 1), strings.TrimPrefix(strings.TrimSpace(string(node)), "v"),
		server["Server"]["redis_version"])
}

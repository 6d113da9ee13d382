package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// bench is one run.
type bench struct {
	opt     options
	dir     string // for what is built; removed when the run ends
	redis   *process
	rdb     *redis.Client
	results results
}

// npmPackages are where npm has put socket.io for the Node servers, as e2e/package.json names them, and the versions that
// the tables promise.
var npmPackages = map[string]struct{ folder, version string }{node2: {"socket.io", "2.1.1"}, node4: {"server-4.8.4", "4.8.4"}}

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
	port, err := freePort()
	if err != nil {
		return b, err
	}
	cmd := exec.Command("redis-server", "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if b.redis, err = b.launch("redis-server", port, cmd); err != nil {
		return b, err
	}
	b.rdb = redis.NewClient(&redis.Options{Addr: b.redis.addr()})
	b.results = results{Short: o.short, Trial: o.clients > 0, Machine: b.machine(ctx)}
	return b, nil
}

func (b *bench) close() {
	if b.redis != nil {
		_ = b.rdb.Close()
		_ = b.redis.kill()
	}
	_ = os.RemoveAll(b.dir)
}

// raiseLimit allows the children as many descriptors as the system does; Node does not do that itself.
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

// build builds the Go servers, and checks that the packages of the Node servers are installed.
func (b *bench) build(ctx context.Context, rows []row) error {
	needed := func(server string) bool {
		return slices.ContainsFunc(rows, func(r row) bool { return slices.Contains(r.servers, server) })
	}
	targets := map[string]string{}
	if b.opt.ours == "" && (needed(ours) || needed(noUring)) {
		b.opt.ours = filepath.Join(b.dir, "tsunagu")
		targets[b.opt.ours] = "."
	}
	if needed(loop) || needed(goSocketIO) {
		targets[filepath.Join(b.dir, "servers")] = "./bench/servers"
	}
	for file, path := range targets {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", file, path)
		cmd.Dir = b.opt.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", path, err, out)
		}
	}
	for server, p := range npmPackages {
		var manifest struct{ Version string }
		text, err := os.ReadFile(filepath.Join(b.modules(), p.folder, "package.json"))
		if err == nil {
			err = json.Unmarshal(text, &manifest)
		}
		if needed(server) && (err != nil || manifest.Version != p.version) {
			return fmt.Errorf("%s has no socket.io %s: run npm ci in e2e first", b.modules(), p.version)
		}
	}
	return nil
}

// machine describes in one line what the figures were measured on.
func (b *bench) machine(ctx context.Context) string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	kernel, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
	node, _ := exec.CommandContext(ctx, "node", "--version").Output()
	info, _ := b.rdb.InfoMap(ctx, "server").Result()
	return fmt.Sprintf("%d cores, Linux %s, %s, Node %s, Redis %s", runtime.NumCPU(), kernel,
		strings.Replace(runtime.Version(), "go", "Go ", 1), strings.TrimPrefix(strings.TrimSpace(string(node)), "v"),
		info["Server"]["redis_version"])
}

// start runs nodes of one server and returns when all listen and have subscribed.
func (b *bench) start(ctx context.Context, server string, r row) (nodes, error) {
	count := max(r.nodes, 1)
	if err := b.rdb.FlushAll(ctx).Err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	var all nodes
	for range count {
		p, err := b.startNode(server, r.bystanders > 0)
		if err != nil {
			return nil, errors.Join(err, all.kill())
		}
		all = append(all, p)
	}
	for range 200 {
		n, err := b.rdb.PubSubNumSub(ctx, "chat").Result()
		if err != nil {
			return nil, errors.Join(err, all.kill())
		}
		if n["chat"] >= int64(count) {
			return all, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(all[count-1].failure("has not subscribed to chat"), all.kill())
}

// startNode starts one node. Ours has an admin server if that is wanted.
func (b *bench) startNode(server string, admin bool) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd, err := b.command(server, port)
	if err != nil {
		return nil, err
	}
	address := ""
	if admin && server == ours {
		adminPort, err := freePort()
		if err != nil {
			return nil, err
		}
		address = fmt.Sprintf("127.0.0.1:%d", adminPort)
		cmd.Args = append(cmd.Args, "-admin", address)
	}
	p, err := b.launch(fmt.Sprintf("%s-%d", server, port), port, cmd)
	if err != nil {
		return nil, err
	}
	p.admin = address
	return p, nil
}

func (b *bench) command(server string, port int) (*exec.Cmd, error) {
	listen := []string{"-port", fmt.Sprint(port), "-redis", "redis://" + b.redis.addr()}
	switch server {
	case ours:
		return exec.Command(b.opt.ours, append(listen, "-host", "127.0.0.1")...), nil
	case noUring:
		return exec.Command(b.opt.ours, append(listen, "-host", "127.0.0.1", "-io-uring", "off")...), nil
	case node2:
		return b.seed(port)
	case node4:
		return b.nodeCommand(filepath.Join(b.opt.root, "bench/servers/node4.js"), fmt.Sprint(port), fmt.Sprint(b.redis.port), npmPackages[node4].folder), nil
	default:
		return exec.Command(filepath.Join(b.dir, "servers"), append(listen, "-server", server)...), nil
	}
}

// modules is the folder in which npm has installed the packages of the Node servers.
func (b *bench) modules() string { return filepath.Join(b.opt.root, "e2e/node_modules") }

func (b *bench) nodeCommand(args ...string) *exec.Cmd {
	cmd := exec.Command("node", args...)
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "NODE_PATH="+b.modules())
	return cmd
}

// seed is the original server, unchanged but for its port and the port of Redis.
func (b *bench) seed(port int) (*exec.Cmd, error) {
	seed := filepath.Join(b.opt.root, "e2e/testdata/seed/server.js")
	text, err := os.ReadFile(seed)
	if err != nil {
		return nil, err
	}
	changes := []string{"3000", fmt.Sprint(port), "createClient()", fmt.Sprintf("createClient(%d)", b.redis.port)}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			return nil, fmt.Errorf("%s is not the original server: no %q in it", seed, changes[i])
		}
	}
	script := strings.NewReplacer(changes...).Replace(string(text))
	file := filepath.Join(b.dir, fmt.Sprintf("server-%d.js", port))
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return nil, err
	}
	return b.nodeCommand(file), nil
}

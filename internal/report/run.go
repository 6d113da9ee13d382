package report

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/redis/go-redis/v9"

	"tsunagu/internal/admin"
	"tsunagu/internal/cluster"
	"tsunagu/internal/panics"
)

// Config holds what Start is told.
type Config struct {
	// Nodes are those of this process.
	Nodes []*Node
	// Redis is where the nodes of a chat report; nil: nothing is stored there,
	// and the admin server shows the nodes of this process only.
	Redis *redis.Options
	// Admin is where the operator's server listens; nil: there is none. It is
	// closed in the end.
	Admin net.Listener
	// Failed is called if the admin server cannot accept connections any more.
	// Default: nobody is told.
	Failed func(error)
	// Logger must be set.
	Logger *slog.Logger
}

// Start begins to tell other processes how the nodes of this one are and, if
// there is a listener for that, the operator how all of them are. It ends when
// stop is called, which waits for it.
func Start(cfg Config) (stop func()) {
	if cfg.Failed == nil {
		cfg.Failed = func(error) {}
	}
	recorder := panics.New(cfg.Logger)
	if len(cfg.Nodes) > 0 { // the figures of the first node count the panics of all of them
		recorder = cfg.Nodes[0].Panics
	}
	others, stopRegister := startRegister(cfg, recorder)
	if cfg.Admin == nil {
		return stopRegister
	}
	stopAdmin := start(recorder, func(ctx context.Context) {
		if err := newAdmin(cfg, recorder, others).Run(ctx, cfg.Admin); err != nil {
			cfg.Failed(fmt.Errorf("admin server: %w", err))
		}
	})
	cfg.Logger.Info("admin server listening", "url", "http://"+cfg.Admin.Addr().String()+"/")
	return func() {
		stopAdmin() // it reads from the register
		stopRegister()
	}
}

// start runs f until stop is called, which waits for it.
func start(recorder *panics.Recorder, f func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		defer recorder.Recover(panics.Report, nil)
		f(ctx)
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// startRegister returns a function that reads what others report, nil if this
// process is to store nothing in Redis.
func startRegister(cfg Config, recorder *panics.Recorder) (others func(context.Context) ([][]byte, error), stop func()) {
	if cfg.Redis == nil {
		return nil, func() {}
	}
	register := cluster.New(cfg.Redis, cluster.Config{Panics: recorder, Logger: cfg.Logger})
	stop = start(recorder, func(ctx context.Context) {
		register.Run(ctx, func() map[string]cluster.Report { return reports(cfg.Nodes) })
	})
	return func(ctx context.Context) (all [][]byte, err error) {
		reports, err := register.Others(ctx)
		for _, r := range reports {
			all = append(all, r.Data)
		}
		return all, err
	}, stop
}

func newAdmin(cfg Config, recorder *panics.Recorder, others func(context.Context) ([][]byte, error)) *admin.Server {
	var nodes []admin.Node
	for _, n := range cfg.Nodes {
		nodes = append(nodes, n)
	}
	return admin.New(admin.Config{Nodes: nodes, Others: others, Panics: recorder, Logger: cfg.Logger})
}

func reports(nodes []*Node) map[string]cluster.Report {
	all := make(map[string]cluster.Report)
	for _, n := range nodes {
		f := n.Figures()
		all[f.Node] = cluster.Report{Name: f.Name, Data: f.Encode()}
	}
	return all
}

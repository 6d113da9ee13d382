package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"tsunagu/internal/panics"
)

const (
	// timeout bounds each exchange with Redis.
	timeout = 2 * time.Second
	// stopTimeout bounds what is left of them when the process stops.
	stopTimeout = time.Second / 2
	// nodesExpiry is how long the list of nodes outlives the last of them.
	nodesExpiry = time.Hour
	// maxNodes is how many nodes Others returns at most.
	maxNodes = 256
)

// A Report is what a node says of itself.
type Report struct {
	Name string // for people, such as host:port
	Data []byte // for whoever reads it; not empty
}

// Config holds what a Register can be told. The zero value of each field
// stands for its default.
type Config struct {
	// Channel is the Redis channel of the chat, which the keys are named after.
	// Default "chat".
	Channel string
	// Interval is the time between two reports. Default 2 s.
	Interval time.Duration
	// Expiry is how long a report is valid. Default 10 s.
	Expiry time.Duration
	// Panics gets the panics of gathering and writing reports. Default: nobody is told.
	Panics *panics.Recorder
	// Logger is told once if Redis refuses the reports. Default: nobody is.
	Logger *slog.Logger
}

// A Register holds one process's connection to the others. All methods may be
// called concurrently.
type Register struct {
	// static after construction
	cfg     Config
	opts    redis.Options
	process string // begins the ids of this process's nodes
	keys    struct{ nodes, figures string }

	refused bool // the log was told that Redis refuses; owned by Run

	mu     sync.Mutex
	client *redis.Client // guarded by mu
}

// New returns a register that is not connected yet. Of opts the address,
// credentials, TLS and dialer count.
func New(opts *redis.Options, cfg Config) *Register {
	if cfg.Channel == "" {
		cfg.Channel = "chat"
	}
	if cfg.Interval == 0 {
		cfg.Interval = 2 * time.Second
	}
	if cfg.Expiry == 0 {
		cfg.Expiry = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	o := *opts
	o.Protocol = 2
	o.MaxRetries = -1 // the next report is the retry
	o.PoolSize, o.MinIdleConns, o.DialerRetries = 8, 0, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	r := &Register{cfg: cfg, opts: o, client: redis.NewClient(&o), process: rand.Text()}
	tag := "{" + cfg.Channel + "}"
	r.keys.nodes, r.keys.figures = tag+":nodes", tag+":figures:"
	return r
}

// do runs f with a client, for at most as long as an exchange may take. A
// client that could not reach Redis is replaced: its pool would begin to dial
// on its own, in a goroutine that outlives Run.
func (r *Register) do(ctx context.Context, f func(ctx context.Context, c *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.mu.Lock()
	c := r.client
	r.mu.Unlock()
	// go-redis looks at a context between reads only; closing ends a blocked one.
	defer context.AfterFunc(ctx, func() { c.Close() })()
	err := f(ctx, c)
	if reply := redis.Error(nil); err == nil || errors.As(err, &reply) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == c {
		c.Close()
		r.client = redis.NewClient(&r.opts)
	}
	return err
}

// close ends the connection. A client that is never used again holds nothing.
func (r *Register) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.client.Close()
}

// isRefusal tells an error by which Redis does not allow a command for good.
func isRefusal(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) &&
		(strings.HasPrefix(reply.Error(), "NOPERM") || strings.HasPrefix(reply.Error(), "ERR unknown command"))
}

// Run writes reports, which are keyed by what tells the nodes of this process
// apart, until ctx is done. Then it takes them back and closes the connection.
func (r *Register) Run(ctx context.Context, reports func() map[string]Report) {
	defer r.close()
	// A report that is under way is not cut short, or it might arrive after it
	// was taken back.
	hard, kill := context.WithCancel(context.Background())
	defer kill()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopTimeout, kill) })()
	tick := time.NewTicker(r.cfg.Interval)
	defer tick.Stop()
	var written map[string]Report
	for {
		if current := r.report(hard, reports); current != nil {
			written = current
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.remove(hard, written)
			return
		}
	}
}

// report writes reports and returns them, nil if that panics.
func (r *Register) report(ctx context.Context, reports func() map[string]Report) (written map[string]Report) {
	defer r.cfg.Panics.Recover(panics.Report, nil)
	all := reports()
	err := r.write(ctx, all)
	if err != nil && ctx.Err() == nil {
		r.cfg.Logger.Debug("this process's figures are not in redis", "error", err)
	}
	if isRefusal(err) && !r.refused {
		r.refused = true
		r.cfg.Logger.Info("redis refuses this node's figures: the admin pages of other nodes do not show it, the chat is not affected; "+
			"allow SET, MGET, DEL, HSET, HDEL, HGETALL and EXPIRE on "+r.keys.nodes+" and "+r.keys.figures+"*", "error", err)
	}
	return all
}

func (r *Register) write(ctx context.Context, reports map[string]Report) error {
	return r.do(ctx, func(ctx context.Context, c *redis.Client) error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for key, report := range reports {
				id := r.process + "-" + key
				p.Set(ctx, r.keys.figures+id, report.Data, r.cfg.Expiry)
				p.HSet(ctx, r.keys.nodes, id, report.Name)
			}
			p.Expire(ctx, r.keys.nodes, nodesExpiry)
			return nil
		})
		return err
	})
}

// remove takes back what was written. Where it fails the reports expire.
func (r *Register) remove(ctx context.Context, reports map[string]Report) {
	defer r.cfg.Panics.Recover(panics.Report, nil)
	err := r.do(ctx, func(ctx context.Context, c *redis.Client) error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for key := range reports {
				id := r.process + "-" + key
				p.HDel(ctx, r.keys.nodes, id)
				p.Del(ctx, r.keys.figures+id)
			}
			return nil
		})
		return err
	})
	if err != nil {
		r.cfg.Logger.Debug("figures were not taken out of redis, they expire", "error", err)
	}
}

// Others returns the valid reports of the nodes of other processes, at most
// 256. It may be called while Run is under way.
func (r *Register) Others(ctx context.Context) (all []Report, err error) {
	err = r.do(ctx, func(ctx context.Context, c *redis.Client) error {
		all, err = r.read(ctx, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the figures of other nodes: %w", err)
	}
	return all, nil
}

func (r *Register) read(ctx context.Context, c *redis.Client) (all []Report, err error) {
	nodes, err := c.HGetAll(ctx, r.keys.nodes).Result()
	if err != nil {
		return nil, err
	}
	var ids, keys []string
	for id := range nodes {
		if !strings.HasPrefix(id, r.process+"-") && len(ids) < maxNodes {
			ids, keys = append(ids, id), append(keys, r.keys.figures+id)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	values, err := c.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	var gone []string
	for i, v := range values {
		if data, ok := v.(string); ok {
			all = append(all, Report{nodes[ids[i]], []byte(data)})
		} else {
			gone = append(gone, ids[i])
		}
	}
	if len(gone) > 0 { // a node that is there after all writes itself again
		err = c.HDel(ctx, r.keys.nodes, gone...).Err()
	}
	return all, err
}

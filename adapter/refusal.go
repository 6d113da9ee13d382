package adapter

import (
	"errors"
	"strings"
)

// refusal is an error that Redis answered a script with: no line was appended.
type refusal struct {
	words string // for an operator
	// passing: Redis refuses everything for a while, and comes back. Otherwise
	// the lines can go by plain PUBLISH.
	passing bool
	// readOnly: the connection leads to a replica, most likely a master of old.
	readOnly bool
	err      error
}

func (r *refusal) Error() string { return r.words + ": " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// refusals are looked for in this order, anywhere in the reply: before version
// 7 Redis wraps the errors of a script's commands.
var refusals = []struct {
	code  string
	words string
	kind  int
}{
	{"LOADING", "redis is loading its data", waits},
	{"BUSY ", "another client's script blocks redis", waits},
	{"MASTERDOWN", "redis is a replica without its master", waits},
	{"CLUSTERDOWN", "the redis cluster is down", waits},
	{"READONLY", "redis is a read-only replica", replica},
	{"OOM ", "redis is over maxmemory; raise it, or let it evict keys", plain},
	{"NOREPLICAS", "redis has too few replicas to accept writes (min-replicas-to-write)", plain},
	{"MISCONF", "redis cannot save to disk and refuses writes (stop-writes-on-bgsave-error)", plain},
	{"NOPERM", "the redis user lacks a permission that docs/relay.md lists", plain},
	{"ACL failure", "the redis user lacks a permission that docs/relay.md lists", plain},
	{"user executing the script", "the redis user lacks a permission that docs/relay.md lists", plain},
	{"nknown command", "redis has no streams or no scripts; version 5.0 or later is needed", plain},
	{"nknown Redis command", "redis has no streams; version 5.0 or later is needed", plain},
	{"WRONGTYPE", "a key of the relay holds something else; delete {chat}:log and {chat}:runs", plain},
	{"MOVED", "redis is a cluster, which the relay does not support", plain},
	{"CROSSSLOT", "redis is a cluster, which the relay does not support", plain},
}

const (
	waits = iota
	replica
	plain
)

// refusalOf returns err as a refusal, nil if Redis did not answer with it.
func refusalOf(err error) *refusal {
	var after partialError
	if errors.Is(err, errPage) {
		return &refusal{words: "a key of the relay holds something else; delete {chat}:log and {chat}:runs", err: err}
	}
	if !isRefusal(err) && !errors.As(err, &after) {
		return nil
	}
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.code) {
			return &refusal{words: r.words, passing: r.kind == waits, readOnly: r.kind == replica, err: err}
		}
	}
	return &refusal{words: "redis refuses the relay's script", err: err}
}

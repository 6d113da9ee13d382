// Package report gathers what the parts of a node count into the figures that
// package admin shows and package cluster carries to other nodes. It is the
// only one that knows both the parts and the figures.
package report

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"tsunagu/adapter"
	"tsunagu/internal/admin"
	"tsunagu/internal/bridge"
	"tsunagu/internal/chat"
	"tsunagu/internal/engine"
	"tsunagu/internal/limit"
	"tsunagu/internal/panics"
)

// Why a node is not ready, in words.
const (
	starting      = "starting"
	draining      = "draining"
	notSubscribed = "redis is not subscribed"
)

// A Node reads the counters of one node. It implements admin.Node.
type Node struct {
	// static once it is used
	Port   int
	Engine *engine.Server
	Bridge *bridge.Server
	Chat   *chat.Chat
	Relay  *adapter.Adapter
	Panics *panics.Recorder

	// What bounds the clients; nil without bounds.
	Limiter  *limit.Limiter
	Listener *limit.Listener

	serving  atomic.Bool
	draining atomic.Bool
}

// Serving notes that the node accepts clients.
func (n *Node) Serving() { n.serving.Store(true) }

// Draining notes that the node is about to stop.
func (n *Node) Draining() { n.draining.Store(true) }

// Figures implements admin.Node.
func (n *Node) Figures() admin.Figures {
	e, b, c, r := n.Engine.Stats(), n.Bridge.Stats(), n.Chat.Stats(), n.Relay.Stats()
	f := admin.Figures{
		Name:     n.name(),
		Node:     strconv.Itoa(n.Port),
		At:       time.Now(),
		Unready:  n.unready(),
		Sessions: sessions(e.Sessions),
		Opened:   opened(e.Opened),
		Upgrades: e.Upgrades,
		Closed:   byText(e.Closed),
		Refused:  byText(e.Refused),
		Messages: e.Received,
		BytesIn:  e.BytesIn,
		BytesOut: e.BytesOut + c.Fanout.Written,
		Slowed:   e.Slowed,

		QueuedBytes:    b.QueuedBytes,
		PausedSessions: b.PausedSessions,

		LinesIn:      c.Accepted,
		LinesOut:     c.Fanout.Lines,
		LinesDropped: dropped(c, r.Dropped),
		Listeners:    c.Fanout.Members,
		RelayDelay:   c.Delay,
		FanoutDelay:  c.Fanout.Delay,
		IOUring:      c.Fanout.IOUring,
		Panics:       n.panics(r),
		Redis: admin.Redis{
			Subscribed:   n.Relay.Subscribed(),
			Published:    r.Published,
			Plain:        r.Mode == adapter.Plain,
			Again:        r.Again,
			Reconnects:   r.Reconnects,
			Gaps:         r.Gaps,
			Lost:         r.Lost,
			Waiting:      r.Waiting,
			WaitingBytes: int64(n.Relay.WaitingBytes()),
		},
	}
	if n.Limiter != nil {
		f.MaxSessions = int64(n.Limiter.MaxSessions())
	}
	if l := n.Listener; l != nil {
		f.Connections, f.MaxConnections, f.ConnectionsRefused = l.Open(), l.Max(), l.Refused()
	}
	return f
}

// name is what people call the node.
func (n *Node) name() string {
	host, _ := os.Hostname() // without a name the port has to do
	return net.JoinHostPort(host, strconv.Itoa(n.Port))
}

func (n *Node) unready() (why []string) {
	if !n.serving.Load() {
		why = append(why, starting)
	}
	if !n.Relay.Subscribed() {
		why = append(why, notSubscribed)
	}
	if n.draining.Load() {
		why = append(why, draining)
	}
	return why
}

// dropped has the reasons for which the parts of a node give up lines.
func dropped(c chat.Stats, r adapter.Dropped) map[string]int64 {
	return map[string]int64{
		"no text":              c.Textless,
		"too long":             c.TooLong + r.TooLong,
		"too long to deliver":  c.Fanout.TooLong,
		"no answer from redis": r.Unanswered,
		"refused by redis":     r.Refused,
		"shutdown":             r.Closed,
	}
}

// panics has the places where the parts of a node recover panics.
func (n *Node) panics(r adapter.Stats) map[string]int64 {
	all := byText(n.Panics.Counts())
	all["relay"] = r.Panics
	return all
}

// sessions has all pairs of revision and transport, those without a session
// too: a chart that lacks a series looks broken.
func sessions(counts map[engine.Carrier]int64) (all []admin.Sessions) {
	for _, v := range []engine.Revision{engine.Revision3, engine.Revision4} {
		for _, t := range []string{"polling", "websocket"} {
			all = append(all, admin.Sessions{EIO: eio(v), Transport: t, Count: counts[engine.Carrier{Revision: v, Transport: t}]})
		}
	}
	return all
}

func opened(counts map[engine.Revision]int64) map[string]int64 {
	all := map[string]int64{eio(engine.Revision3): 0, eio(engine.Revision4): 0}
	for v, n := range counts {
		all[eio(v)] = n
	}
	return all
}

func eio(v engine.Revision) string { return strconv.Itoa(int(v)) }

func byText[K ~string](counts map[K]int64) map[string]int64 {
	all := make(map[string]int64, len(counts))
	for k, n := range counts {
		all[string(k)] = n
	}
	return all
}

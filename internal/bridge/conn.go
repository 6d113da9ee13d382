package bridge

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// The errors of arguments, of Emit and of acks.
var (
	ErrMissing      = errors.New("missing argument")
	ErrDisconnected = errors.New("client has disconnected")
	ErrAckTimeout   = errors.New("client has not answered in time")
)

// A Conn is the connection of a client to a namespace. Socket.IO calls it a socket.
// Handlers get it in place of go-socket.io's Conn, which knows neither the ids of
// clients nor binary in values. Its methods may be called concurrently and never block.
type Conn struct {
	// Value belongs to the application. The functions of one session are called
	// one at a time, so they need no lock for it.
	Value any

	// static after construction
	client *client
	ns     *namespace
	id     string
	auth   json.RawMessage
	query  string

	nextAck atomic.Uint64

	// guarded by the client's mu
	state    connState
	attached bool             // go-socket.io knows the namespace
	accepted bool             // the state is or was connected
	ejected  bool             // the application has called Disconnect or Close
	held     []engine.Message // messages of OnConnect; the answer goes first
	acks     map[uint64]*pendingAck
}

type connState uint8

const (
	connecting   connState = iota // OnConnect has not returned
	connected                     // the answer to CONNECT has been sent
	disconnected                  // the last state: another CONNECT makes a new Conn
)

// A pendingAck is an ack that the application has asked for.
type pendingAck struct {
	f     func(Args, error)
	timer *time.Timer
}

// ID is the id that the client knows. In protocol 5 it is random and differs between
// namespaces. In protocol 4 it contains the id of the session, as in the original.
// Do not show it to other clients: they could take the session over.
func (c *Conn) ID() string { return c.id }

// Namespace is the name of the namespace, "/" for the first.
func (c *Conn) Namespace() string { return c.ns.name }

// Auth is what the client sent with its CONNECT: in protocol 5 a JSON object or
// nil. Protocol 4 knows only Query.
func (c *Conn) Auth() json.RawMessage { return c.auth }

// Query is the query of the request that began the session. A client of protocol 4
// may add values with the name of the namespace; the values of the request win.
func (c *Conn) Query() url.Values {
	request := c.Handshake().URL
	query := request.Query()
	added, _ := url.ParseQuery(c.query) // it leaves out values that it cannot parse
	for name, values := range added {
		if !query.Has(name) {
			query[name] = values
		}
	}
	return query
}

// Handshake is the request that began the session.
func (c *Conn) Handshake() engine.Handshake { return c.client.session.Handshake() }

// Emit sends an event. encoding/json must be able to encode the values. A []byte in
// them, at any depth, is sent as binary, and a nil one as null. Recent clients accept
// at most ten of them. The error is that of the encoding, or ErrDisconnected.
func (c *Conn) Emit(event string, values ...any) error {
	return c.send(packet.SocketPacket{Type: packet.Event}, append([]any{event}, values...), nil)
}

// EmitWithAck sends an event, as Emit does, and asks for an ack. f is called once:
// with the values of the ack, or with ErrAckTimeout or ErrDisconnected. It never runs
// at the same time as a handler of the session. If EmitWithAck returns an error, f is
// not called.
func (c *Conn) EmitWithAck(timeout time.Duration, f func(args Args, err error), event string, values ...any) error {
	pk := packet.SocketPacket{Type: packet.Event, ID: c.nextAck.Add(1) - 1, HasID: true}
	return c.send(pk, append([]any{event}, values...), func() {
		if c.acks == nil {
			c.acks = make(map[uint64]*pendingAck)
		}
		c.acks[pk.ID] = &pendingAck{f, time.AfterFunc(timeout, func() {
			defer c.client.server.cfg.Panics.Recover(panics.Timer, c.client.session.Abort)
			c.client.mu.Lock()
			defer c.client.mu.Unlock()
			c.endAckLocked(pk.ID, Args{}, ErrAckTimeout, 0)
		})}
	})
}

// send sends a packet, and calls sending just before, with the client locked.
func (c *Conn) send(pk packet.SocketPacket, values []any, sending func()) error {
	pk.Namespace = c.ns.name
	messages, err := encode(pk, values)
	if err != nil {
		return err
	}
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	if c.state == disconnected {
		return ErrDisconnected
	}
	if sending != nil {
		sending()
	}
	if c.state == connecting {
		c.held = append(c.held, messages...)
	} else {
		c.client.session.Send(messages...)
	}
	return nil
}

// Disconnect removes the client from the namespace and sends it a DISCONNECT. Clients
// do not connect again by themselves after that. Events in the queue are dropped. In
// OnConnect it does nothing.
func (c *Conn) Disconnect() {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	if c.state != connected {
		return
	}
	c.ejected = true
	c.leaveLocked("server namespace disconnect")
	c.client.session.Send(engine.Message{Data: c.ns.disconnectPacket})
}

// Close ends the session with all its namespaces, after the messages that were sent
// before. Clients connect again after that. Events in the queue are dropped.
func (c *Conn) Close() {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	for _, other := range c.client.conns {
		other.ejected = true
	}
	c.client.session.Close()
}

// wantsEvents reports whether an event may reach its handler. OnConnect must have
// accepted the client, and the application must not have ejected it. If the client
// has left by itself, its event came before that.
func (c *Conn) wantsEvents() bool {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	return c.accepted && !c.ejected
}

// endAckLocked has the function of an ack called, unless that has happened before.
func (c *Conn) endAckLocked(id uint64, args Args, err error, size int) {
	if p := c.acks[id]; p != nil {
		p.timer.Stop()
		delete(c.acks, id)
		c.ioConnLocked().queueLocked(&delivery{packet: c.ns.ackPacket, conn: c, args: args, ack: p.f, err: err, size: size})
	}
}

// leaveLocked ends the connection to the namespace.
func (c *Conn) leaveLocked(reason string) {
	was := c.state
	c.state, c.held = disconnected, nil
	for _, id := range slices.Sorted(maps.Keys(c.acks)) {
		c.endAckLocked(id, Args{}, ErrDisconnected, 0)
	}
	if was != connected {
		return
	}
	c.client.server.cfg.Audience.Leave(c.ns.name, c.client.session)
	if c.ns.onDisconnect != nil {
		c.ioConnLocked().queueLocked(&delivery{packet: c.ns.disconnectPacket, conn: c, reason: reason, size: overhead})
	}
}

// ioConnLocked returns the queue from which go-socket.io calls functions for the
// connection. The first call makes it call OnConnect.
func (c *Conn) ioConnLocked() *ioConn {
	if c.client.io == nil {
		c.client.io = c.client.server.newIOConn(c.client)
	}
	if !c.attached { // without CONNECT go-socket.io ignores the namespace
		c.attached = true
		c.client.io.queueLocked(&delivery{packet: c.ns.connectPacket, conn: c, size: overhead})
	}
	return c.client.io
}

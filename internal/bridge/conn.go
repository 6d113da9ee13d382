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
)

// The errors of arguments, of Emit and of acks.
var (
	ErrMissing      = errors.New("missing argument")
	ErrDisconnected = errors.New("client has disconnected")
	ErrAckTimeout   = errors.New("client has not answered in time")
)

// A Conn is one connection of a client to a namespace, what Socket.IO calls a
// socket. It stands in for go-socket.io's Conn, which knows neither the client's
// ids nor binary. Its methods may be called concurrently and never block.
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
	accepted bool             // has been connected; its events may reach their handlers
	ejected  bool             // by the application: its events may no more
	held     []engine.Message // sent by OnConnect, before the answer
	acks     map[uint64]*pendingAck
}

type connState uint8

const (
	connecting   connState = iota // OnConnect has not returned
	connected                     // the client knows that it is
	disconnected                  // for good: a new CONNECT makes a new Conn
)

// A pendingAck is an ack that the application has asked for.
type pendingAck struct {
	f     func(Args, error)
	timer *time.Timer
}

// ID is the id that the client knows. In protocol 5 it is random, and differs
// between namespaces. In protocol 4 it is made from the id of the session, as by
// the original: whoever learns it can take the session over.
func (c *Conn) ID() string { return c.id }

// Namespace is the name of the namespace, "/" for the first.
func (c *Conn) Namespace() string { return c.ns.name }

// Auth is what the client sent with its CONNECT: in protocol 5 a JSON object or
// nil. Protocol 4 knows only Query.
func (c *Conn) Auth() json.RawMessage { return c.auth }

// Query is the query of the request that began the session, with what a client of
// protocol 4 has added in the name of the namespace. The request's values win.
func (c *Conn) Query() url.Values {
	request := c.Handshake().URL
	query := request.Query()
	added, _ := url.ParseQuery(c.query) // what it cannot read is left out
	for name, values := range added {
		if !query.Has(name) {
			query[name] = values
		}
	}
	return query
}

// Handshake is the request that began the session.
func (c *Conn) Handshake() engine.Handshake { return c.client.session.Handshake() }

// Emit sends an event. The values are those that encoding/json can encode; a []byte
// in them, however deep, goes as binary unless it is nil. Some clients accept ten
// of them at most. The error is that of the encoding, or ErrDisconnected.
func (c *Conn) Emit(event string, values ...any) error {
	return c.send(packet.SocketPacket{Type: packet.Event}, append([]any{event}, values...), nil)
}

// EmitWithAck sends an event, as Emit does, and asks for an ack. It calls f once
// with the values of the ack, in turn with the handlers of the session, or with
// ErrAckTimeout or ErrDisconnected. It does not call f if it returns an error.
func (c *Conn) EmitWithAck(timeout time.Duration, f func(args Args, err error), event string, values ...any) error {
	pk := packet.SocketPacket{Type: packet.Event, ID: c.nextAck.Add(1) - 1, HasID: true}
	return c.send(pk, append([]any{event}, values...), func() {
		if c.acks == nil {
			c.acks = make(map[uint64]*pendingAck)
		}
		c.acks[pk.ID] = &pendingAck{f, time.AfterFunc(timeout, func() {
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

// Disconnect removes the client from the namespace, and tells it so: clients do not
// connect again by themselves. Its events that wait are dropped. In OnConnect it
// does nothing.
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

// Close ends the session with all its namespaces, behind what was sent before.
// Clients connect again after it. Events that wait are dropped.
func (c *Conn) Close() {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	for _, other := range c.client.conns {
		other.ejected = true
	}
	c.client.session.Close()
}

// wantsEvents reports whether an event may reach its handler: OnConnect has accepted
// the client, and the application has not ejected it since. That the client has left
// since does not matter; the event came before.
func (c *Conn) wantsEvents() bool {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	return c.accepted && !c.ejected
}

// endAckLocked has the function of an ack called, if it has not been yet.
func (c *Conn) endAckLocked(id uint64, args Args, err error, size int) {
	if p := c.acks[id]; p != nil {
		p.timer.Stop()
		delete(c.acks, id)
		c.deliverLocked(&delivery{packet: c.ns.ackPacket, args: args, ack: p.f, err: err, size: size})
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
		c.deliverLocked(&delivery{packet: c.ns.disconnectPacket, reason: reason})
	}
}

// deliverLocked has go-socket.io call a function for the connection.
func (c *Conn) deliverLocked(d *delivery) {
	cl := c.client
	if cl.io == nil {
		cl.io = cl.server.newIOConn(cl)
	}
	if !c.attached { // go-socket.io ignores packets for a namespace without CONNECT
		c.attached = true
		cl.io.deliver(&delivery{packet: c.ns.connectPacket, conn: c})
	}
	if d != nil {
		d.conn = c
		cl.io.deliver(d)
	}
}

package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// A client is the Socket.IO side of one session.
type client struct {
	// static after construction
	server  *Server
	session *engine.Session

	// owned by Message and Closed, which the engine calls one at a time
	pending *pendingPacket

	mu sync.Mutex
	// guarded by mu
	conns        []*Conn // one for each namespace; most clients connect to one
	connectTimer *time.Timer
	io           *ioConn // nil until a handler has to be called
	refusals     int     // answers to CONNECT with an error
	ended        bool
}

// A pendingPacket is a binary packet some of whose attachments have not arrived.
type pendingPacket struct {
	packet.SocketPacket
	attachments [][]byte
	size        int // of attachments, in bytes
}

// maxRefusals is how many CONNECTs of one session are refused.
const maxRefusals = 100

// overhead is the number of bytes that a packet, an element and an attachment count
// beside their own, so that a million empty ones count as well.
const overhead = 64

// strict reports whether the session speaks protocol 5, which closes the session
// where protocol 4 ignores an invalid packet.
func (cl *client) strict() bool { return cl.session.Revision() == engine.Revision4 }

func (cl *client) connLocked(name string) *Conn {
	for _, c := range cl.conns {
		if c.ns.name == name {
			return c
		}
	}
	return nil
}

// Message implements engine.Handler.
func (s *Server) Message(es *engine.Session, data []byte, binary bool) {
	cl := es.Value.(*client)
	if binary {
		cl.receiveAttachment(data)
		return
	}
	decode := packet.DecodeSocket4
	if cl.strict() {
		decode = packet.DecodeSocket5
	}
	pk, err := decode(data)
	switch {
	case cl.strict() && cl.pending != nil:
		cl.session.Close() // a text packet instead of an attachment
	case errors.Is(err, packet.ErrIgnored):
		s.cfg.Logger.Debug("packet dropped: not a Socket.IO packet", "sid", cl.session.ID())
	case err != nil, pk.Attachments > s.cfg.MaxAttachments:
		cl.session.Close()
	case pk.Type.HasAttachments():
		cl.pending = &pendingPacket{SocketPacket: pk, attachments: [][]byte{}}
		if pk.Attachments == 0 {
			// The original then takes every binary message for an attachment
			// of this packet.
			cl.receive(cl.pending)
		}
	default:
		cl.receive(&pendingPacket{SocketPacket: pk})
	}
}

func (cl *client) receiveAttachment(data []byte) {
	p := cl.pending
	if p == nil { // no packet announced it
		cl.session.Close()
		return
	}
	if p.Attachments == 0 {
		return
	}
	p.attachments = append(p.attachments, data)
	p.size += len(data) + overhead
	switch {
	case p.size > cl.server.cfg.MaxAttachmentBytes:
		cl.pending = nil
		cl.session.Close()
	case len(p.attachments) == p.Attachments:
		cl.pending = nil
		cl.receive(p)
	}
}

func (cl *client) receive(pk *pendingPacket) {
	size := pk.size + len(pk.Data) + overhead*(1+len(pk.Elements))
	switch pk.Type {
	case packet.Event, packet.BinaryEvent, packet.Ack, packet.BinaryAck:
		if !cl.server.budget.reserve(cl.session, size) {
			return
		}
		defer cl.server.budget.release(size) // the queue counts it from then on
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	c := cl.connLocked(pk.Namespace)
	switch {
	case cl.ended:
	case pk.Type == packet.Connect:
		cl.connectLocked(c, pk.SocketPacket)
	case c != nil && c.ejected: // the client had not received our DISCONNECT
	case c == nil, c.state == disconnected, pk.Type == packet.Disconnect && c.state == connecting,
		pk.Type == packet.ConnectError: // only a server may send one
		if cl.strict() {
			cl.session.Close()
		}
	case pk.Type == packet.Disconnect:
		c.leaveLocked("client namespace disconnect")
	case pk.Type == packet.Ack, pk.Type == packet.BinaryAck:
		if pk.HasID && pk.Data != nil {
			c.endAckLocked(pk.ID, Args{elements: pk.Elements, attachments: pk.attachments}, nil, size)
		}
	case len(pk.Elements) > 0:
		if eventPacket := c.ns.find(pk.Elements[0]); eventPacket != nil {
			args := Args{elements: pk.Elements[1:], attachments: pk.attachments}
			if pk.HasID {
				args.request = &ackRequest{conn: c, id: pk.ID}
			}
			c.ioConnLocked().queueLocked(&delivery{packet: eventPacket, conn: c, args: args, size: size})
		}
	}
}

// connectLocked handles a CONNECT. It connects the client, or has OnConnect called. c
// is the last connection to that namespace, or nil.
func (cl *client) connectLocked(c *Conn, pk packet.SocketPacket) {
	ns := cl.server.namespaces[pk.Namespace]
	switch {
	case ns == nil:
		cl.refuseLocked(pk.Namespace, &ConnectError{Message: "Invalid namespace"})
		return
	case c != nil && c.state == connected && cl.strict():
		cl.session.Close()
		return
	case c != nil && c.state == connected:
		cl.session.Send(c.welcome()...)
		return
	case c != nil && c.state == connecting: // OnConnect decides about both
		return
	}
	if ns.onConnect != nil && cl.server.budget.full() {
		cl.session.Close() // the client connects again later
		return
	}
	cl.conns = slices.DeleteFunc(cl.conns, func(old *Conn) bool { return old == c })
	c = &Conn{client: cl, ns: ns, id: cl.newID(ns.name), auth: pk.Data, query: pk.Query}
	cl.conns = append(cl.conns, c)
	if ns.onConnect == nil {
		c.acceptLocked()
		return
	}
	c.ioConnLocked() // calls OnConnect
}

// newID returns the id of a connection. In protocol 5 it does not contain the id of
// the session, which is a secret between client and server.
//
// Source: Socket of socket.io 2.1 and 4.8.
func (cl *client) newID(namespace string) string {
	if cl.strict() {
		var id [15]byte
		rand.Read(id[:])
		return base64.URLEncoding.EncodeToString(id[:])
	}
	return strings.TrimPrefix(namespace+"#"+cl.session.ID(), "/#")
}

// runConnect calls OnConnect, if the namespace has one, and answers the CONNECT.
func (c *Conn) runConnect() {
	if c.ns.onConnect == nil {
		return
	}
	err := errors.New("internal server error") // of a panic
	c.run(func() { err = c.ns.onConnect(c) })
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	switch {
	case c.state != connecting: // the session has ended
	case err != nil:
		c.leaveLocked("")
		c.client.refuseLocked(c.ns.name, err)
	default:
		c.acceptLocked()
	}
}

// acceptLocked connects the client to the namespace.
func (c *Conn) acceptLocked() {
	cl := c.client
	messages := append(c.welcome(), c.held...)
	c.state, c.accepted, c.held = connected, true, nil
	if cl.connectTimer != nil {
		cl.connectTimer.Stop()
	}
	// With the client locked, so that end cannot call Leave before Join. In one
	// step, because a client must not know that it is connected before it reads
	// the feed: it would miss messages.
	cl.session.Attach(cl.server.cfg.Audience.Join(c.ns.name, cl.session), messages...)
}

// welcome returns the answer to a CONNECT. In protocol 4 the first namespace has none
// if it has no OnConnect, because the handshake contains it.
func (c *Conn) welcome() []engine.Message {
	pk := packet.SocketPacket{Type: packet.Connect, Namespace: c.ns.name}
	switch {
	case c.client.strict():
		pk.Data = json.RawMessage(`{"sid":"` + c.id + `"}`)
	case c.ns.name == "/" && c.ns.onConnect == nil:
		return nil
	}
	return []engine.Message{{Data: packet.AppendSocket(nil, pk)}}
}

// A ConnectError is an error of OnConnect with data for the client: err.data in a
// client of protocol 5, the error itself in one of protocol 4.
type ConnectError struct {
	Message string
	Data    any // encoded with encoding/json, left out if that fails; not for binary
}

func (e *ConnectError) Error() string { return e.Message }

// refuseLocked answers a CONNECT with an error. It closes a client that is refused
// again and again: each answer is longer than the question, and may wait unread.
func (cl *client) refuseLocked(name string, why error) {
	if cl.refusals++; cl.refusals > maxRefusals {
		cl.session.Close()
		return
	}
	answer := struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data,omitempty"`
	}{Message: why.Error()}
	if e := (*ConnectError)(nil); errors.As(why, &e) && e.Data != nil {
		answer.Data, _ = json.Marshal(e.Data)
	}
	data, _ := json.Marshal(answer) // a string and JSON: cannot fail
	if !cl.strict() && answer.Data != nil {
		data = answer.Data
	} else if !cl.strict() {
		data, _ = json.Marshal(answer.Message)
	}
	pk := packet.SocketPacket{Type: packet.ConnectError, Namespace: name, Data: data}
	cl.session.Send(engine.Message{Data: packet.AppendSocket(nil, pk)})
}

// onConnectTimeout closes a client of protocol 5 that has not connected.
func (cl *client) onConnectTimeout() {
	defer cl.server.cfg.Panics.Recover(panics.Timer, cl.session.Abort)
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if !slices.ContainsFunc(cl.conns, func(c *Conn) bool { return c.accepted }) {
		cl.session.Close()
	}
}

// end is called when the session has ended.
func (cl *client) end(reason engine.Reason) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.ended, cl.pending = true, nil
	if cl.connectTimer != nil {
		cl.connectTimer.Stop()
	}
	defer func() { // also if the audience panics, or Close would wait for ever
		if cl.io != nil {
			cl.io.endLocked()
		}
	}()
	for _, c := range cl.conns {
		c.leaveLocked(string(reason))
	}
}

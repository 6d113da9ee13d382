package bridge

import (
	"errors"
	"slices"
	"sync"
	"time"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
)

// The reasons for OnDisconnect where the session goes on, and where a handler has
// closed it.
const (
	clientDisconnect = "client namespace disconnect"
	serverDisconnect = "server namespace disconnect"
)

// A client is the Socket.IO side of one session.
type client struct {
	// static after construction
	server  *Server
	session *engine.Session

	// owned by Message, which the engine calls for one message at a time
	pending *pending

	mu sync.Mutex
	// guarded by mu
	sockets      []*socket // a slice, as most clients connect to one namespace
	connectTimer *time.Timer
	conn         *ioConn // nil until a handler needs the session
	ended        bool
	reason       engine.Reason
}

func (cl *client) socketLocked(name string) *socket {
	for _, sock := range cl.sockets {
		if sock.ns.name == name {
			return sock
		}
	}
	return nil
}

// receiveText handles one Socket.IO packet.
func (cl *client) receiveText(data []byte) {
	decode := packet.DecodeSocket4
	if cl.strict() {
		decode = packet.DecodeSocket5
	}
	pk, err := decode(data)
	switch {
	case cl.strict() && cl.pending != nil:
		cl.session.Close() // a text packet instead of an attachment
	case errors.Is(err, packet.ErrIgnored):
		cl.server.drop(cl, "not a Socket.IO packet")
	case err != nil:
		cl.session.Close()
	case pk.Type.HasAttachments() && pk.Attachments > 0:
		cl.pending = &pending{packet: pk}
	case pk.Type.HasAttachments():
		// The original then takes every binary message for an attachment of
		// this packet.
		cl.pending = &pending{packet: pk}
		cl.receive(pk, nil)
	default:
		cl.receive(pk, nil)
	}
}

// strict reports whether the session speaks protocol 5, which closes the
// connection where protocol 4 ignores an invalid packet.
func (cl *client) strict() bool { return cl.session.Revision() == engine.Revision4 }

func (cl *client) receive(pk packet.SocketPacket, attachments [][]byte) {
	switch pk.Type {
	case packet.Connect:
		cl.connect(pk.Namespace, pk.Data)
	case packet.Disconnect:
		cl.disconnect(pk.Namespace)
	case packet.Event, packet.BinaryEvent:
		cl.event(pk, attachments)
	case packet.Ack, packet.BinaryAck:
		cl.ack(pk, attachments)
	case packet.ConnectError:
		if cl.strict() { // only a server may send it
			cl.session.Close()
		}
	}
}

// end is called when the session has ended.
func (cl *client) end(reason engine.Reason) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.ended, cl.reason = true, reason
	cl.stopConnectTimerLocked()
	for _, sock := range cl.sockets {
		if sock.state == connected {
			cl.server.cfg.Audience.Leave(sock.ns.name, cl.session)
		}
		sock.state = disconnected
	}
	if cl.conn != nil {
		cl.conn.finish()
	}
}

func (cl *client) stopConnectTimerLocked() {
	if cl.connectTimer != nil {
		cl.connectTimer.Stop()
		cl.connectTimer = nil
	}
}

// onConnectTimeout closes a client of protocol 5 that has not connected to anything.
func (cl *client) onConnectTimeout() {
	cl.mu.Lock()
	idle := !slices.ContainsFunc(cl.sockets, func(sock *socket) bool { return sock.state != disconnected })
	cl.mu.Unlock()
	if idle {
		cl.session.Close()
	}
}

// in reports whether an event from go-socket.io may reach its handler: OnConnect
// has accepted the client. The client or the session may have gone since; the
// event came before.
func (cl *client) in(ns *namespace) bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	sock := cl.socketLocked(ns.name)
	return sock != nil && sock.accepted
}

// clearAccepted reports whether OnDisconnect has yet to be called, and notes the
// call.
func (cl *client) clearAccepted(ns *namespace) bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	sock := cl.socketLocked(ns.name)
	pending := sock != nil && sock.accepted
	if pending {
		sock.accepted = false
	}
	return pending
}

// disconnectReason is the reason that OnDisconnect gets.
func (cl *client) disconnectReason(ns *namespace) string {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	switch {
	case cl.ended:
		return string(cl.reason)
	case cl.socketLocked(ns.name).state == connected: // a handler has closed the session
		return serverDisconnect
	}
	return clientDisconnect
}

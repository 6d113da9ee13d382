package bridge

import (
	"tsunagu/internal/packet"
)

// A pending is a binary packet some of whose attachments have not arrived.
type pending struct {
	packet      packet.SocketPacket
	attachments [][]byte
	size        int
}

// attachmentOverhead is the number of bytes, beside its own, for which an attachment
// counts, so that a million empty attachments count as well.
const attachmentOverhead = 64

// receiveBinary handles one attachment.
func (cl *client) receiveBinary(data []byte) {
	q := cl.pending
	if q == nil { // nothing announced it
		cl.session.Close()
		return
	}
	if q.packet.Attachments == 0 {
		return
	}
	q.attachments = append(q.attachments, data)
	q.size += len(data) + attachmentOverhead
	switch {
	case q.size > cl.server.cfg.MaxAttachments:
		cl.pending = nil
		cl.session.Close()
	case len(q.attachments) == q.packet.Attachments:
		cl.pending = nil
		if cl.strict() && invalidPlaceholders(q.packet.Data, len(q.attachments)) {
			cl.session.Close()
			return
		}
		cl.receive(q.packet, q.attachments)
	}
}

// event delivers an event to go-socket.io if the event has a handler.
func (cl *client) event(pk packet.SocketPacket, attachments [][]byte) {
	cl.mu.Lock()
	sock := cl.socketLocked(pk.Namespace)
	in := sock != nil && sock.state != disconnected
	cl.mu.Unlock()
	if !in {
		if cl.strict() {
			cl.session.Close()
		}
		return
	}
	if pk.Type == packet.BinaryEvent && attachments == nil {
		attachments = [][]byte{}
	}
	text, why := sock.ns.encodeEvent(pk, attachments)
	if why != "" {
		cl.server.drop(cl, why)
		return
	}
	if text != nil {
		cl.attach(sock).deliver(text)
	}
}

// ack delivers the client's ack to go-socket.io.
func (cl *client) ack(pk packet.SocketPacket, attachments [][]byte) {
	cl.mu.Lock()
	sock := cl.socketLocked(pk.Namespace)
	in, l := sock != nil && sock.state == connected, cl.conn
	cl.mu.Unlock()
	if !in {
		if cl.strict() {
			cl.session.Close()
		}
		return
	}
	if l == nil || !pk.HasID || pk.Data == nil {
		return // no function waits for it
	}
	text, why := encodeAck(pk, attachments)
	if why != "" {
		cl.server.drop(cl, why)
		return
	}
	l.deliver(text)
}

// attach makes sure that go-socket.io knows the session and its socket in a
// namespace.
func (cl *client) attach(sock *socket) *ioConn {
	cl.mu.Lock()
	l := cl.ioConnLocked()
	known := sock.attached
	sock.attached = true
	cl.mu.Unlock()
	if !known {
		l.deliver(connectPacket(sock.ns))
	}
	return l
}

// attachConnecting is attach where OnConnect has to be called. The first namespace
// gets a CONNECT packet, too: go-socket.io then calls OnConnect at a time when
// OnConnect can emit.
func (cl *client) attachConnecting(sock *socket) {
	cl.mu.Lock()
	l := cl.ioConnLocked()
	cl.mu.Unlock()
	l.waitReading() // the first call of OnConnect, which go-socket.io makes by itself, is over
	cl.mu.Lock()
	sock.attached = true
	cl.mu.Unlock()
	l.deliver(connectPacket(sock.ns))
}

func connectPacket(ns *namespace) []byte {
	return packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Connect, Namespace: ns.name})
}

// ioConnLocked returns the session's connection of go-socket.io, which it makes if
// there is none. go-socket.io connects the first namespace by itself.
func (cl *client) ioConnLocked() *ioConn {
	if cl.conn != nil {
		return cl.conn
	}
	cl.conn = cl.server.newIOConn(cl)
	if sock := cl.socketLocked("/"); sock != nil && sock.state == connected {
		sock.attached = true
	}
	if cl.ended {
		cl.conn.finish()
	}
	return cl.conn
}

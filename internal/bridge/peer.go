package bridge

import (
	"errors"
	"slices"
	"sync"
	"time"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
)

// The reasons that handlers get when the session goes on, or is closed by one
// of them.
const (
	clientDisconnect = "client namespace disconnect"
	serverDisconnect = "server namespace disconnect"
)

// A peer is the Socket.IO side of one session.
type peer struct {
	// static after construction
	server  *Server
	session *engine.Session

	// owned by whoever delivers a message: the engine does so one at a time
	partial *partial

	mu sync.Mutex
	// guarded by mu
	spaces     []*space // few: most clients are in one namespace
	impatience *time.Timer
	loan       *loan // nil as long as no handler wants the session
	ended      bool
	reason     engine.Reason
}

func (p *peer) spaceLocked(name string) *space {
	for _, sp := range p.spaces {
		if sp.ns.name == name {
			return sp
		}
	}
	return nil
}

// receiveText handles one Socket.IO packet.
func (p *peer) receiveText(data []byte) {
	decode := packet.DecodeSocket4
	if p.strict() {
		decode = packet.DecodeSocket5
	}
	pk, err := decode(data)
	switch {
	case p.strict() && p.partial != nil:
		p.session.Close() // text among the attachments
	case errors.Is(err, packet.ErrIgnored):
		p.server.drop(p, "not a Socket.IO packet")
	case err != nil:
		p.session.Close()
	case pk.Type.HasAttachments() && pk.Attachments > 0:
		p.partial = &partial{packet: pk}
	case pk.Type.HasAttachments():
		// The original goes on waiting for attachments that nobody announced,
		// and so swallows what comes.
		p.partial = &partial{packet: pk}
		p.receive(pk, nil)
	default:
		p.receive(pk, nil)
	}
}

// strict tells whether the session speaks protocol 5, which closes a
// connection where its predecessor shrugs.
func (p *peer) strict() bool { return p.session.Revision() == engine.Revision4 }

func (p *peer) receive(pk packet.SocketPacket, attachments [][]byte) {
	switch pk.Type {
	case packet.Connect:
		p.connect(pk.Namespace, pk.Data)
	case packet.Disconnect:
		p.disconnect(pk.Namespace)
	case packet.Event, packet.BinaryEvent:
		p.event(pk, attachments)
	case packet.Ack, packet.BinaryAck:
		p.ack(pk, attachments)
	case packet.ConnectError:
		if p.strict() { // only servers say that
			p.session.Close()
		}
	}
}

// end is the session's end.
func (p *peer) end(reason engine.Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.reason = true, reason
	p.patientLocked()
	for _, sp := range p.spaces {
		if sp.state == joined {
			p.server.cfg.Audience.Leave(sp.ns.name, p.session)
		}
		sp.state = apart
	}
	if p.loan != nil {
		p.loan.finish()
	}
}

func (p *peer) patientLocked() {
	if p.impatience != nil {
		p.impatience.Stop()
		p.impatience = nil
	}
}

// giveUp closes a client of protocol 5 that has not connected to anything.
func (p *peer) giveUp() {
	p.mu.Lock()
	idle := !slices.ContainsFunc(p.spaces, func(sp *space) bool { return sp.state != apart })
	p.mu.Unlock()
	if idle {
		p.session.Close()
	}
}

// in tells whether an event that comes from go-socket.io may reach its handler.
// It may when OnConnect has let the client in; that the client, or its whole
// session, may have left since is no reason to lose what it said before.
func (p *peer) in(ns *namespace) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	sp := p.spaceLocked(ns.name)
	return sp != nil && sp.greeted
}

// ungreet tells whether OnDisconnect is owed, and that it is no more.
func (p *peer) ungreet(ns *namespace) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	sp := p.spaceLocked(ns.name)
	owed := sp != nil && sp.greeted
	if owed {
		sp.greeted = false
	}
	return owed
}

// farewell is the reason that OnDisconnect gets.
func (p *peer) farewell(ns *namespace) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return string(p.reason)
	case p.spaceLocked(ns.name).state == joined: // so a handler has closed it
		return serverDisconnect
	}
	return clientDisconnect
}

package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
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

// A space is a peer's membership in a namespace. Guarded by the peer's mu.
type space struct {
	ns      *namespace
	state   spaceState
	lent    bool     // go-socket.io has taken up the connection
	greeted bool     // OnConnect has accepted; OnDisconnect is owed
	held    []parcel // sent by OnConnect, before the answer
}

type spaceState uint8

const (
	apart      spaceState = iota // not connected, or no longer
	connecting                   // OnConnect has yet to decide
	joined
)

// A parcel is one packet on its way to the client.
type parcel struct {
	text        []byte
	attachments [][]byte
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
	case pk.Kind.HasAttachments() && pk.Attachments > 0:
		p.partial = &partial{packet: pk}
	default:
		p.receive(pk, nil)
	}
}

// strict tells whether the session speaks protocol 5, which closes a
// connection where its predecessor shrugs.
func (p *peer) strict() bool { return p.session.Revision() == engine.Revision4 }

func (p *peer) receive(pk packet.SocketPacket, attachments [][]byte) {
	switch pk.Kind {
	case packet.KindConnect:
		p.connect(pk.Namespace)
	case packet.KindDisconnect:
		p.disconnect(pk.Namespace)
	case packet.KindEvent, packet.KindBinaryEvent:
		p.event(pk, attachments)
	case packet.KindAck, packet.KindBinaryAck:
		p.ack(pk, attachments)
	}
}

// connect takes the client into a namespace, or has OnConnect decide on it.
func (p *peer) connect(name string) {
	ns := p.server.namespaces[name]
	if ns == nil {
		p.refuse(name, "Invalid namespace")
		return
	}
	sp, was := p.enter(ns)
	switch {
	case was == connecting, sp == nil:
		// Asking again changes nothing, least of all a decision.
	case was == joined, !ns.eager():
		p.settle(ns, nil)
	case ns.onConnect == nil:
		p.settle(ns, nil)
		p.lend(sp)
	default:
		p.lendConnecting(sp)
	}
}

// enter finds the client's space in a namespace and what state it was in. The
// space is nil when the session has ended.
func (p *peer) enter(ns *namespace) (sp *space, was spaceState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, apart
	}
	if sp = p.spaceLocked(ns.name); sp == nil {
		sp = &space{ns: ns}
		p.spaces = append(p.spaces, sp)
	}
	was = sp.state
	if was == apart && ns.onConnect != nil {
		sp.state = connecting
	}
	return sp, was
}

// due tells whether OnConnect is to be called now, for a connection that
// go-socket.io reports. It also reports those that were lent later.
func (p *peer) due(ns *namespace) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	sp := p.spaceLocked(ns.name)
	return sp != nil && sp.state == connecting && sp.lent
}

// settle ends a connect, with the error of OnConnect or without.
func (p *peer) settle(ns *namespace, err error) {
	p.mu.Lock()
	sp := p.spaceLocked(ns.name)
	held := sp.held
	sp.held = nil
	if p.ended {
		p.mu.Unlock()
		return
	}
	if err != nil {
		sp.state = apart
		p.mu.Unlock()
		p.refuse(ns.name, err.Error())
		return
	}
	joins := sp.state != joined
	sp.state, sp.greeted = joined, true
	p.patientLocked()
	if ns.name != "/" || p.strict() {
		p.session.Send(p.welcome(ns.name), false)
	} // else the handshake has brought it, and asking again has no answer
	for _, h := range held {
		p.session.SendWithAttachments(h.text, h.attachments)
	}
	if joins {
		// Under the lock, so that it cannot come after the Leave of end.
		p.server.cfg.Audience.Join(ns.name, p.session)
	}
	p.mu.Unlock()
}

// welcome is the answer to a CONNECT. In protocol 5 it carries an id that is
// not the engine's, as that one is a secret between client and server.
func (p *peer) welcome(name string) []byte {
	pk := packet.SocketPacket{Kind: packet.KindConnect, Namespace: name}
	if p.strict() {
		var id [15]byte
		rand.Read(id[:])
		pk.Data = json.RawMessage(`{"sid":"` + base64.URLEncoding.EncodeToString(id[:]) + `"}`)
	}
	return packet.AppendSocket(nil, pk)
}

// refuse tells the client that it is not in a namespace.
func (p *peer) refuse(name, why string) {
	text := packet.AppendJSONString(nil, []byte(why))
	if p.strict() {
		text = append(append([]byte(`{"message":`), text...), '}')
	}
	pk := packet.SocketPacket{Kind: packet.KindConnectError, Namespace: name, Data: text}
	p.session.Send(packet.AppendSocket(nil, pk), false)
}

// disconnect is the client leaving a namespace.
func (p *peer) disconnect(name string) {
	p.mu.Lock()
	sp := p.spaceLocked(name)
	if sp == nil || sp.state != joined || p.ended {
		p.mu.Unlock()
		return
	}
	sp.state = apart
	p.server.cfg.Audience.Leave(name, p.session)
	lent := sp.lent
	sp.lent = false
	l := p.loan
	p.mu.Unlock()
	if lent {
		l.hand(packet.AppendSocket(nil, packet.SocketPacket{Kind: packet.KindDisconnect, Namespace: name}))
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
	idle := len(p.spaces) == 0
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

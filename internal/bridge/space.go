package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
)

// A space is a peer's membership in a namespace. Guarded by the peer's mu.
type space struct {
	ns      *namespace
	state   spaceState
	lent    bool     // go-socket.io has taken up the connection
	greeted bool     // OnConnect has accepted; OnDisconnect is owed
	held    []parcel // sent by OnConnect, before the answer

	auth json.RawMessage // what the client's CONNECT brought
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

// messages are what the engine sends for it.
func (m parcel) messages() []engine.Message {
	all := []engine.Message{{Data: m.text}}
	for _, data := range m.attachments {
		all = append(all, engine.Message{Data: data, Binary: true})
	}
	return all
}

// connect takes the client into a namespace, or has OnConnect decide on it.
func (p *peer) connect(name string, auth json.RawMessage) {
	ns := p.server.namespaces[name]
	if ns == nil {
		p.refuse(name, "Invalid namespace")
		return
	}
	sp, was := p.enter(ns, auth)
	switch {
	case was == joined && p.strict():
		p.session.Close() // whoever asks twice has lost its way
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
func (p *peer) enter(ns *namespace, auth json.RawMessage) (sp *space, was spaceState) {
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
	if was == apart {
		sp.auth = auth
		if ns.onConnect != nil {
			sp.state = connecting
		}
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
	var messages []engine.Message
	if ns.name != "/" || p.strict() {
		messages = append(messages, engine.Message{Data: p.welcome(ns.name)})
	} // else the handshake has brought it, and asking again has no answer
	for _, h := range held {
		messages = append(messages, h.messages()...)
	}
	var feed engine.Feed
	if joins {
		// Under the lock, so that Join cannot come after the Leave of end.
		feed = p.server.cfg.Audience.Join(ns.name, p.session)
	}
	// One step: a client that knew that it is in before it reads the feed would
	// miss what is said at that moment.
	p.session.Attach(feed, messages...)
	p.mu.Unlock()
}

// welcome is the answer to a CONNECT. In protocol 5 it carries an id that is
// not the engine's, as that one is a secret between client and server.
func (p *peer) welcome(name string) []byte {
	pk := packet.SocketPacket{Type: packet.Connect, Namespace: name}
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
	pk := packet.SocketPacket{Type: packet.ConnectError, Namespace: name, Data: text}
	p.session.Send(engine.Message{Data: packet.AppendSocket(nil, pk)})
}

// disconnect is the client leaving a namespace.
func (p *peer) disconnect(name string) {
	p.mu.Lock()
	sp := p.spaceLocked(name)
	if sp == nil || sp.state != joined || p.ended {
		p.mu.Unlock()
		if p.strict() {
			p.session.Close()
		}
		return
	}
	sp.state = apart
	p.server.cfg.Audience.Leave(name, p.session)
	lent := sp.lent
	sp.lent = false
	l := p.loan
	p.mu.Unlock()
	if lent {
		l.hand(packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Disconnect, Namespace: name}))
	}
}

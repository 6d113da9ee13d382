package bridge

import (
	"tsunagu/internal/packet"
)

// A partial is a binary packet whose attachments are still on their way.
type partial struct {
	packet packet.SocketPacket
	parts  [][]byte
	size   int
}

// partOverhead is what keeping one attachment costs beside its bytes, so that
// a million empty ones are not free.
const partOverhead = 64

// receiveBinary takes one attachment.
func (p *peer) receiveBinary(data []byte) {
	q := p.partial
	if q == nil { // nothing announced it
		p.session.Close()
		return
	}
	if q.packet.Attachments == 0 {
		return
	}
	q.parts = append(q.parts, data)
	q.size += len(data) + partOverhead
	switch {
	case q.size > p.server.cfg.MaxAttachments:
		p.partial = nil
		p.session.Close()
	case len(q.parts) == q.packet.Attachments:
		p.partial = nil
		if p.strict() && misplaced(q.packet.Data, len(q.parts)) {
			p.session.Close()
			return
		}
		p.receive(q.packet, q.parts)
	}
}

// event hands an event to its handler, if it has one.
func (p *peer) event(pk packet.SocketPacket, attachments [][]byte) {
	p.mu.Lock()
	sp := p.spaceLocked(pk.Namespace)
	in := sp != nil && sp.state != apart
	p.mu.Unlock()
	if !in {
		if p.strict() {
			p.session.Close()
		}
		return
	}
	if pk.Type == packet.BinaryEvent && attachments == nil {
		attachments = [][]byte{}
	}
	text, why := sp.ns.encodeEvent(pk, attachments)
	if why != "" {
		p.server.drop(p, why)
		return
	}
	if text != nil {
		p.lend(sp).hand(text)
	}
}

// ack hands the client's answer to the function that waits for it.
func (p *peer) ack(pk packet.SocketPacket, attachments [][]byte) {
	p.mu.Lock()
	sp := p.spaceLocked(pk.Namespace)
	in, l := sp != nil && sp.state == joined, p.loan
	p.mu.Unlock()
	if !in {
		if p.strict() {
			p.session.Close()
		}
		return
	}
	if l == nil || !pk.HasID || pk.Data == nil {
		return // nobody waits
	}
	text, why := encodeAck(pk, attachments)
	if why != "" {
		p.server.drop(p, why)
		return
	}
	l.hand(text)
}

// lend makes sure that go-socket.io knows of the session and of its connection
// to a namespace.
func (p *peer) lend(sp *space) *loan {
	p.mu.Lock()
	l := p.loanLocked()
	known := sp.lent
	sp.lent = true
	p.mu.Unlock()
	if !known {
		l.hand(connectPacket(sp.ns))
	}
	return l
}

// lendConnecting is lend where OnConnect is to be called for it. The first
// namespace gets a CONNECT packet, too: with that, go-socket.io calls OnConnect
// at a time at which it can send.
func (p *peer) lendConnecting(sp *space) {
	p.mu.Lock()
	l := p.loanLocked()
	p.mu.Unlock()
	l.ready() // its own first call of OnConnect is over
	p.mu.Lock()
	sp.lent = true
	p.mu.Unlock()
	l.hand(connectPacket(sp.ns))
}

func connectPacket(ns *namespace) []byte {
	return packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Connect, Namespace: ns.name})
}

// loanLocked is the session's loan, begun when there is none. With it,
// go-socket.io connects the first namespace by itself.
func (p *peer) loanLocked() *loan {
	if p.loan != nil {
		return p.loan
	}
	p.loan = p.server.begin(p)
	if sp := p.spaceLocked("/"); sp != nil && sp.state == joined {
		sp.lent = true
	}
	if p.ended {
		p.loan.finish()
	}
	return p.loan
}

package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
)

// A socket is a client's connection to a namespace, as Socket.IO calls it. Guarded
// by the client's mu.
type socket struct {
	ns       *namespace
	state    socketState
	attached bool      // go-socket.io knows the connection
	accepted bool      // OnConnect has accepted; OnDisconnect has yet to be called
	held     []message // sent by OnConnect, before the answer

	auth json.RawMessage // what the client's CONNECT brought
}

type socketState uint8

const (
	disconnected socketState = iota // before CONNECT, or after DISCONNECT
	connecting                      // OnConnect has not returned
	connected
)

// A message is one packet for the client.
type message struct {
	text        []byte
	attachments [][]byte
}

// messages returns the packet and its attachments as messages of the engine.
func (m message) messages() []engine.Message {
	all := []engine.Message{{Data: m.text}}
	for _, data := range m.attachments {
		all = append(all, engine.Message{Data: data, Binary: true})
	}
	return all
}

// connect handles a CONNECT: it connects the client, or has OnConnect called first.
func (cl *client) connect(name string, auth json.RawMessage) {
	ns := cl.server.namespaces[name]
	if ns == nil {
		cl.refuse(name, "Invalid namespace")
		return
	}
	sock, was := cl.startConnect(ns, auth)
	switch {
	case was == connected && cl.strict():
		cl.session.Close() // a second CONNECT is an error in protocol 5
	case was == connecting, sock == nil:
		// A second CONNECT does not anticipate the decision of OnConnect.
	case was == connected, !ns.needsConn():
		cl.finishConnect(ns, nil)
	case ns.onConnect == nil:
		cl.finishConnect(ns, nil)
		cl.attach(sock)
	default:
		cl.attachConnecting(sock)
	}
}

// startConnect returns the client's socket in a namespace and the state that it was
// in. The socket is nil when the session has ended.
func (cl *client) startConnect(ns *namespace, auth json.RawMessage) (sock *socket, was socketState) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.ended {
		return nil, disconnected
	}
	if sock = cl.socketLocked(ns.name); sock == nil {
		sock = &socket{ns: ns}
		cl.sockets = append(cl.sockets, sock)
	}
	was = sock.state
	if was == disconnected {
		sock.auth = auth
		if ns.onConnect != nil {
			sock.state = connecting
		}
	}
	return sock, was
}

// onConnectDue reports whether OnConnect has to be called for a connection that
// go-socket.io reports. It also reports connections that have long been accepted.
func (cl *client) onConnectDue(ns *namespace) bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	sock := cl.socketLocked(ns.name)
	return sock != nil && sock.state == connecting && sock.attached
}

// finishConnect answers a CONNECT, with the error of OnConnect if it is not nil.
func (cl *client) finishConnect(ns *namespace, err error) {
	cl.mu.Lock()
	sock := cl.socketLocked(ns.name)
	held := sock.held
	sock.held = nil
	if cl.ended {
		cl.mu.Unlock()
		return
	}
	if err != nil {
		sock.state = disconnected
		cl.mu.Unlock()
		cl.refuse(ns.name, err.Error())
		return
	}
	joins := sock.state != connected
	sock.state, sock.accepted = connected, true
	cl.stopConnectTimerLocked()
	var messages []engine.Message
	if ns.name != "/" || cl.strict() {
		messages = append(messages, engine.Message{Data: cl.connectAnswer(ns.name)})
	} // else the handshake carried the answer, and a second CONNECT gets none
	for _, h := range held {
		messages = append(messages, h.messages()...)
	}
	var feed engine.Feed
	if joins {
		// Under the lock: end calls Leave, which must come after Join.
		feed = cl.server.cfg.Audience.Join(ns.name, cl.session)
	}
	// One step: a client that knew that it is connected before it reads the feed
	// would miss messages of that moment.
	cl.session.Attach(feed, messages...)
	cl.mu.Unlock()
}

// connectAnswer is the answer to a CONNECT. In protocol 5 it carries an id. That is
// not the engine's session id, which is a secret between client and server.
func (cl *client) connectAnswer(name string) []byte {
	pk := packet.SocketPacket{Type: packet.Connect, Namespace: name}
	if cl.strict() {
		var id [15]byte
		rand.Read(id[:])
		pk.Data = json.RawMessage(`{"sid":"` + base64.URLEncoding.EncodeToString(id[:]) + `"}`)
	}
	return packet.AppendSocket(nil, pk)
}

// refuse answers a CONNECT with an error.
func (cl *client) refuse(name, why string) {
	text := packet.AppendJSONString(nil, []byte(why))
	if cl.strict() {
		text = append(append([]byte(`{"message":`), text...), '}')
	}
	pk := packet.SocketPacket{Type: packet.ConnectError, Namespace: name, Data: text}
	cl.session.Send(engine.Message{Data: packet.AppendSocket(nil, pk)})
}

// disconnect handles a DISCONNECT.
func (cl *client) disconnect(name string) {
	cl.mu.Lock()
	sock := cl.socketLocked(name)
	if sock == nil || sock.state != connected || cl.ended {
		cl.mu.Unlock()
		if cl.strict() {
			cl.session.Close()
		}
		return
	}
	sock.state = disconnected
	cl.server.cfg.Audience.Leave(name, cl.session)
	attached := sock.attached
	sock.attached = false
	l := cl.conn
	cl.mu.Unlock()
	if attached {
		l.deliver(packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Disconnect, Namespace: name}))
	}
}

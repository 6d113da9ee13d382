package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	socketio "github.com/googollee/go-socket.io"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// ackEvent is the event by which go-socket.io calls the function of an ack. No
// handler can be registered for it.
const ackEvent = ""

// A namespace holds the handlers of one namespace, and the packets by which
// go-socket.io calls them.
type namespace struct {
	name         string
	onConnect    func(*Conn) error
	onDisconnect func(*Conn, string)

	connectPacket    []byte
	disconnectPacket []byte
	ackPacket        []byte
	eventPackets     map[string][]byte // by the name of the event
}

// Namespace registers a namespace, so that clients can connect to it, as the On
// functions do. All of them must be called before the first session is opened.
func (s *Server) Namespace(name string) { s.namespace(name) }

func (s *Server) namespace(name string) *namespace {
	if n := s.namespaces[name]; n != nil {
		return n
	}
	n := &namespace{
		name:             name,
		connectPacket:    packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Connect, Namespace: name}),
		disconnectPacket: packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Disconnect, Namespace: name}),
		ackPacket:        eventPacket(name, ackEvent),
		eventPackets:     make(map[string][]byte),
	}
	s.namespaces[name] = n
	s.io.OnConnect(name, func(ioc socketio.Conn) error {
		// go-socket.io has made a room for the connection. When a connection
		// ends, go-socket.io searches all rooms.
		ioc.Leave(ioc.ID())
		if d := currentDelivery(ioc); d != nil {
			defer s.cfg.Panics.Recover(panics.Handler, d.conn.client.session.Abort)
			d.conn.runConnect()
		}
		return nil
	})
	s.io.OnDisconnect(name, func(ioc socketio.Conn, _ string) {
		// Without a delivery go-socket.io reports the end of its connection.
		if d := currentDelivery(ioc); d != nil {
			d.conn.run(func() { n.onDisconnect(d.conn, d.reason) })
		}
	})
	s.io.OnEvent(name, ackEvent, func(ioc socketio.Conn) {
		d := currentDelivery(ioc)
		d.conn.run(func() { d.ack(d.args, d.err) })
	})
	return n
}

// OnConnect sets the function that is called when a client connects to a
// namespace. An error refuses the client; the answer carries its text, and the
// data of a [*ConnectError].
func (s *Server) OnConnect(name string, f func(*Conn) error) { s.namespace(name).onConnect = f }

// OnDisconnect sets the function that is called when a client has left a
// namespace. The reason is "client namespace disconnect", "server namespace
// disconnect", or the engine's reason for the end of the session. Acks and events
// that came before are handled first.
func (s *Server) OnDisconnect(name string, f func(c *Conn, reason string)) {
	s.namespace(name).onDisconnect = f
}

// OnEvent sets the function that is called for an event, with the arguments as
// the client sent them. go-socket.io calls the functions of one session one at a
// time. If the client asked for an ack, it carries the values that f returns. An
// empty slice makes an ack without values; nil sends no ack, and [Args.Ack] can send
// it later. OnEvent panics when the name is reserved.
func (s *Server) OnEvent(name, event string, f func(c *Conn, args Args) []any) {
	if event == ackEvent || packet.ReservedEvent(event) {
		panic(fmt.Sprintf("bridge: the event name %q is reserved", event))
	}
	n := s.namespace(name)
	n.eventPackets[event] = eventPacket(name, event)
	s.io.OnEvent(name, event, func(ioc socketio.Conn) {
		d := currentDelivery(ioc)
		if !d.conn.wantsEvents() {
			return
		}
		d.conn.run(func() {
			values := f(d.conn, d.args)
			if values == nil {
				return
			}
			if err := d.args.Ack(values...); err != nil && err != ErrDisconnected {
				s.cfg.Logger.Error("ack not sent", "namespace", name, "event", event, "err", err)
			}
		})
	})
}

// eventPacket returns the packet by which go-socket.io calls the handler of an event.
// go-socket.io takes the first comma or bracket for the end of the name.
func eventPacket(namespace, event string) []byte {
	quoted, _ := json.Marshal(event) // a string: cannot fail
	data := "[" + strings.NewReplacer(",", `\u002c`, "]", `\u005d`).Replace(string(quoted)) + "]"
	return packet.AppendSocket(nil, packet.SocketPacket{Type: packet.Event, Namespace: namespace, Data: []byte(data)})
}

// find returns the packet by which go-socket.io calls the handler of an event, nil
// if there is no handler. The name is JSON.
func (n *namespace) find(name json.RawMessage) []byte {
	if name[0] == '"' && bytes.IndexByte(name, '\\') < 0 {
		return n.eventPackets[string(name[1:len(name)-1])]
	}
	var text string
	if err := json.Unmarshal(name, &text); err != nil {
		return nil // JavaScript allows numbers, for which no handler can be registered
	}
	return n.eventPackets[text]
}

// run calls a function of the application. A panic in it ends nothing else.
func (c *Conn) run(f func()) {
	defer c.client.server.cfg.Panics.Recover(panics.Handler, nil)
	f()
}

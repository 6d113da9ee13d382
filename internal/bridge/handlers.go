package bridge

import (
	"fmt"
	"reflect"
	"runtime/debug"

	socketio "github.com/googollee/go-socket.io"
)

// A namespace holds the handlers of one namespace.
type namespace struct {
	name         string
	onConnect    func(socketio.Conn) error
	onDisconnect func(socketio.Conn, string)
	events       map[string][]reflect.Type // the arguments that handlers take
}

// needsConn reports whether go-socket.io has to know each connection from its start.
func (n *namespace) needsConn() bool { return n.onConnect != nil || n.onDisconnect != nil }

// namespace returns the namespace of that name, and creates it if there is none.
// go-socket.io also calls the first namespace "".
func (s *Server) namespace(name string) *namespace {
	if name == "" {
		name = "/"
	}
	n := s.namespaces[name]
	if n == nil {
		n = &namespace{name: name, events: make(map[string][]reflect.Type)}
		s.namespaces[name] = n
		s.io.OnConnect(name, func(c socketio.Conn) error { s.connected(n, c); return nil })
		s.io.OnDisconnect(name, func(c socketio.Conn, _ string) { s.disconnected(n, c) })
	}
	return n
}

// OnConnect sets the function that is called when a client connects to a
// namespace. An error refuses the client; the answer carries its text. All handlers
// must be registered before the first session is opened.
func (s *Server) OnConnect(name string, f func(socketio.Conn) error) {
	s.namespace(name).onConnect = f
}

// OnDisconnect sets the function that is called when a client leaves a
// namespace, with the engine's reason or "client namespace disconnect".
func (s *Server) OnDisconnect(name string, f func(socketio.Conn, string)) {
	s.namespace(name).onDisconnect = f
}

// OnEvent sets the function that is called for an event: a
// func(socketio.Conn, ...) whose further arguments are Args, or of types that
// encoding/json can decode into, or parser.Buffer for binary. An event whose
// arguments do not fit is dropped. What the function returns answers an ack,
// if one was asked for. It panics when f is no such function.
func (s *Server) OnEvent(name, event string, f any) {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.Type().IsVariadic() {
		panic(fmt.Sprintf("bridge: the handler of %q must be a func(socketio.Conn, ...)", event))
	}
	t := v.Type()
	var args []reflect.Type
	for i := 1; i < t.NumIn(); i++ {
		args = append(args, t.In(i))
	}
	n := s.namespace(name)
	n.events[event] = args
	s.io.OnEvent(name, event, reflect.MakeFunc(wrapped(t), func(in []reflect.Value) []reflect.Value {
		return s.call(n, event, v, in)
	}).Interface())
}

// wrapped returns the type of a handler whose results are of type any, so that they
// can be noAck.
func wrapped(t reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := range t.NumIn() {
		in = append(in, t.In(i))
	}
	for range t.NumOut() {
		out = append(out, reflect.TypeFor[any]())
	}
	return reflect.FuncOf(in, out, false)
}

// A noAck is a result that cannot be encoded: go-socket.io then sends no ack.
type noAck struct{}

func (noAck) MarshalJSON() ([]byte, error) { return nil, errInternal }

func noAcks(f reflect.Value) []reflect.Value {
	out := make([]reflect.Value, f.Type().NumOut())
	for i := range out {
		out[i] = reflect.ValueOf(noAck{}).Convert(reflect.TypeFor[any]())
	}
	return out
}

// call runs the handler of an event. A panic ends the event, not the connection.
func (s *Server) call(n *namespace, event string, f reflect.Value, in []reflect.Value) (out []reflect.Value) {
	cl := s.client(in[0].Interface().(socketio.Conn).ID())
	if cl == nil || !cl.in(n) { // OnConnect has refused the client
		return noAcks(f)
	}
	defer func() {
		if r := recover(); r != nil {
			s.panicked(n.name, event, r)
			out = noAcks(f)
		}
	}()
	out = f.Call(in)
	for i := range out {
		out[i] = out[i].Convert(reflect.TypeFor[any]())
	}
	return out
}

func (s *Server) panicked(name, event string, r any) {
	s.cfg.Logger.Error("handler panicked", "namespace", name, "event", event,
		"panic", r, "stack", string(debug.Stack()))
}

// connected is called by go-socket.io for each new connection to a namespace.
func (s *Server) connected(n *namespace, c socketio.Conn) {
	cl := s.client(c.ID())
	if cl == nil {
		return
	}
	c.Leave(c.ID())
	c.SetContext(cl.session)
	if !cl.onConnectDue(n) {
		return
	}
	cl.finishConnect(n, s.callConnect(n, c))
}

func (s *Server) callConnect(n *namespace, c socketio.Conn) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.panicked(n.name, "connect", r)
			err = errInternal
		}
	}()
	return n.onConnect(c)
}

// disconnected is called by go-socket.io when a connection has left a namespace or
// has ended.
func (s *Server) disconnected(n *namespace, c socketio.Conn) {
	cl := s.client(c.ID())
	if cl == nil || n.onDisconnect == nil || !cl.clearAccepted(n) {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			s.panicked(n.name, "disconnect", r)
		}
	}()
	n.onDisconnect(c, cl.disconnectReason(n))
}

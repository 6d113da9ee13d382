package bridge

import (
	"fmt"
	"reflect"
	"runtime/debug"

	socketio "github.com/googollee/go-socket.io"
)

// A namespace is what the application registered for one.
type namespace struct {
	name         string
	onConnect    func(socketio.Conn) error
	onDisconnect func(socketio.Conn, string)
	events       map[string][]reflect.Type // the arguments that handlers take
}

// eager tells whether go-socket.io has to know each connection from its start.
func (n *namespace) eager() bool { return n.onConnect != nil || n.onDisconnect != nil }

// namespace returns the namespace, which exists from then on. go-socket.io has
// another name for the first.
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
// namespace. An error refuses the client, which is told its text. All handlers
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

// wrapped is the type of a handler whose results can be anything, silence
// among them.
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

// silence is a result that cannot be encoded: the ack it would be part of is
// never sent.
type silence struct{}

func (silence) MarshalJSON() ([]byte, error) { return nil, errInternal }

func silent(f reflect.Value) []reflect.Value {
	out := make([]reflect.Value, f.Type().NumOut())
	for i := range out {
		out[i] = reflect.ValueOf(silence{}).Convert(reflect.TypeFor[any]())
	}
	return out
}

// call runs the handler of an event. A panic in it costs the event, not the
// connection.
func (s *Server) call(n *namespace, event string, f reflect.Value, in []reflect.Value) (out []reflect.Value) {
	p := s.peer(in[0].Interface().(socketio.Conn).ID())
	if p == nil || !p.in(n) { // refused while the event was on its way
		return silent(f)
	}
	defer func() {
		if r := recover(); r != nil {
			s.panicked(n.name, event, r)
			out = silent(f)
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

// connected is called by go-socket.io when it has taken up a connection to a
// namespace.
func (s *Server) connected(n *namespace, c socketio.Conn) {
	p := s.peer(c.ID())
	if p == nil {
		return
	}
	c.Leave(c.ID())
	c.SetContext(p.session)
	if !p.due(n) {
		return
	}
	p.settle(n, s.callConnect(n, c))
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

// disconnected is called by go-socket.io when a connection has left a
// namespace, or has ended.
func (s *Server) disconnected(n *namespace, c socketio.Conn) {
	p := s.peer(c.ID())
	if p == nil || n.onDisconnect == nil || !p.ungreet(n) {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			s.panicked(n.name, "disconnect", r)
		}
	}()
	n.onDisconnect(c, p.farewell(n))
}

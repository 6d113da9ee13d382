// Package bridge lends engine sessions to go-socket.io, which calls the
// handlers of an application.
//
// go-socket.io v1.7.0 is the event layer and nothing else. Handlers are
// registered with its API ([Server.OnConnect], [Server.OnEvent],
// [Server.OnDisconnect]) and called by it, one at a time per connection. What
// touches the network is the engine's, and the handshake of namespaces is done
// here. What goes out to many must not pass through it: its Broadcast functions
// hold a lock while they wait for one client after the other.
//
// # How a session is lent
//
// go-socket.io takes any transport. It is given one, whose Accept hands over a
// loan: to go-socket.io a connection from which whole packets are read, to the
// peer that owns the session a place to put them. A loan costs three goroutines
// and some 11 KB, so a session is lent only when it first has something to say
// to a handler, or at once where the namespace has an OnConnect or OnDisconnect.
//
// # What is fenced off, and where
//
//   - Its parser allocates what a packet announces, trusts placeholder numbers
//     and cannot read event names that hold a comma or a bracket. It gets
//     packets that our codec has accepted, written anew (encode.go), always as
//     text: attachments travel inside.
//   - It ends a connection over an argument that does not fit the handler's
//     type. Arguments are tried before they are handed over; what does not fit
//     is dropped (encode.go).
//   - It cannot tell null from a missing argument: [Arg] can.
//   - A panic in a handler ends the connection, and one in OnConnect the
//     process. Handlers are wrapped (handlers.go).
//   - OnConnect of the first namespace is called before anything can be sent,
//     so that an Emit from it would wait for ever. It is called a second time,
//     by a CONNECT packet of ours, and the first call is not passed on.
//   - OnDisconnect is always told the same reason; here it gets the engine's.
//   - Context is nil in every namespace but the first. It is set to the session
//     before OnConnect runs.
//   - ID counts 1, 2, 3. Here it is the id that the client knows.
//   - Every connection joins a room of its own, and leaving looks through all
//     rooms, so that many leaving at once take quadratic time. A connection
//     leaves its own room at once.
//   - A handler that returns values answers with an ack even where none was
//     asked for, and an unknown namespace ends the connection. Neither passes.
//
// # What stays
//
// Binary in Emit has to be a pointer, &parser.Buffer{Data: b}: go-socket.io
// cannot address a value. Adapter, rooms and Broadcast* of go-socket.io are not
// offered.
package bridge

// Package bridge speaks Socket.IO with engine sessions and attaches them to
// go-socket.io, which calls the handlers of an application.
//
// go-socket.io v1.7.0 is the event layer and nothing else. It registers
// handlers ([Server.OnConnect], [Server.OnEvent], [Server.OnDisconnect]) and
// calls them, one at a time per connection. The engine handles the network, and
// this package handles the connecting of namespaces. Messages for many clients
// must not pass through go-socket.io: its Broadcast functions hold a lock while
// they wait for one client after the other.
//
// # How a session is attached
//
// go-socket.io accepts any transport. It gets one, whose Accept returns an
// ioConn: go-socket.io reads whole packets from it, and the client that owns
// the session delivers packets to it. An ioConn costs three goroutines and some
// 11 KB. A session therefore gets one with its first event, or at once where
// the namespace has an OnConnect or OnDisconnect.
//
// # What go-socket.io must not see, and where this package prevents it
//
//   - Its parser allocates what a packet announces, trusts placeholder numbers
//     and cannot read event names with a comma or a bracket. It gets packets
//     that our codec has accepted and encode.go has encoded again, always as
//     text: attachments travel inside.
//   - It ends a connection when an argument does not fit the handler's type.
//     encode.go decodes each argument first, and drops an event that does not
//     fit.
//   - It cannot tell null from a missing argument: [Arg] can.
//   - A panic in a handler ends the connection, and a panic in OnConnect ends
//     the process. handlers.go wraps the handlers.
//   - It calls OnConnect of the first namespace before anything can be sent, so
//     that an Emit there would block for ever. A CONNECT packet of ours makes
//     it call OnConnect a second time; the first call is ignored.
//   - It always passes the same reason to OnDisconnect; handlers.go passes the
//     engine's.
//   - Context is nil in every namespace but the first. handlers.go sets it to
//     the session before OnConnect runs.
//   - Its ids count 1, 2, 3. Here ID is the id that the client knows.
//   - Every connection joins a room of its own, and leaving searches all rooms,
//     so that mass disconnects take quadratic time. handlers.go makes each
//     connection leave its room at once.
//   - A handler that returns values answers with an ack even if the client
//     asked for none, and an unknown namespace ends the connection. ioconn.go
//     and socket.go prevent both.
//
// # Limits
//
// Binary in Emit has to be a pointer, &parser.Buffer{Data: b}: go-socket.io
// cannot address a value. Adapter, rooms and Broadcast* of go-socket.io are not
// offered.
package bridge

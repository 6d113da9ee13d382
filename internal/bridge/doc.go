// Package bridge speaks Socket.IO with engine sessions, in protocols 4 and 5, and
// has go-socket.io call the handlers of an application. The examples show how to
// use it.
//
// Rooms, and broadcasts of other events than those of [Config.Audience], are not
// part of it: what goes to everybody in a namespace is the Audience's.
//
// # What go-socket.io does
//
// go-socket.io v1.7.0 is the event layer and nothing else. Handlers are registered
// with it, and it calls them, one at a time per session. It never sees what a
// client wrote. For each event that has a handler it reads a packet that was made
// when the handler was registered: the event's name and no arguments. The
// arguments wait beside it, in the delivery that is current while the handler runs.
// In the same way it calls OnConnect, OnDisconnect and the functions of acks. What
// goes out does not pass through it.
//
// It accepts any transport, and gets one, whose Accept returns an ioConn: a queue
// of deliveries. A session gets its ioConn, which costs three goroutines and some
// 10 KB, with the first delivery. A client that only listens has none.
//
// # Which of its faults that fences off
//
//   - Its parser allocates what a packet announces, trusts the numbers of
//     placeholders and cannot read all names. It gets no packet of a client.
//   - It ends the connection over an argument of another type than the handler's,
//     and takes null for missing. Handlers take [Args].
//   - It ends the connection over a panic in a handler, and the process over one in
//     OnConnect. See run.
//   - It calls OnConnect of the first namespace before it reads, without a way to
//     refuse, and knows one reason for OnDisconnect. Without a delivery neither
//     counts.
//   - It answers each event whose handler returns values, asked or not, and ends
//     the connection over an unknown namespace. It gets no values and no names.
//   - It joins each connection to a room of its own, and looks through all rooms
//     when one leaves: quadratic time when many do. See namespace.
//   - Its ids, contexts, acks and binary are of no use here: see [Conn].
package bridge

// Package engine is an Engine.IO server: sessions over HTTP long polling and
// websockets, the upgrade from one to the other, heartbeats and limits.
//
// The package knows nothing of Socket.IO events and nothing of Redis. A [Handler]
// receives the messages of clients, one at a time per session. Messages to clients
// come from [Session.Send] and from a [Feed] that many sessions share.
//
// # Who owns what
//
// Only closeLocked ends a session; all other code calls it. The session's mutex
// guards the outgoing side. No goroutine holds the mutex while it may block.
//
// outgoing.go decides what a session sends next and who may write. A session has
// no writer, or its bytes are staged for a write that does not block, or its
// socket is full and a goroutine (drain) waits for the socket. A write that does
// not block is made under the mutex or, between [Session.Stage] and
// [Session.Wrote], by a fan-out that writes for many sessions at once.
//
// Only the reader of a websocket closes the connection, and it waits for all
// writers first. So no writer uses a descriptor that already belongs to another
// client.
//
// # Goroutines of one session
//
//	polling            none; each request runs in a goroutine of net/http
//	websocket          the reader (readWebSocket), from the upgrade to the end
//	websocket, full    the reader, and drain while the socket accepts nothing
//	probing websocket  probe, which becomes the reader after the upgrade
//
// Server.Shutdown waits for all of them except net/http's: the server waits for
// readers and probes, and each reader waits for its drain. After the end of a
// session its reader runs until the client has answered the close frame, for at
// most two seconds.
//
// # Sources
//
// The Engine.IO protocol, revisions 3 and 4; RFC 6455; and, where these say
// nothing, the observed behaviour of engine.io 3.2.1. Comments call engine.io
// 3.2.1 "the original".
package engine

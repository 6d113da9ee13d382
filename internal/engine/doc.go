// Package engine is an Engine.IO server: sessions over HTTP long polling and
// websockets, the upgrade from one to the other, heartbeats and limits.
//
// It knows nothing of Socket.IO events and nothing of Redis. A [Handler] gets the
// messages of clients, one at a time per session. Messages to clients come from
// [Session.Send] and from a [Feed] that many sessions share.
//
// # Who owns what
//
// One method closes and unregisters a session, closeLocked; everything else
// calls it. The session's mutex guards its outgoing side, and nobody holds it
// while something may block.
//
// outgoing.go decides what a session sends next and who may write: it has no
// writer, or its bytes are staged for a write that does not block, or its socket
// is full and a goroutine (drain) waits for it. A write that does not block is
// made under the mutex, or, between [Session.Stage] and [Session.Wrote], by a
// fan-out that writes for many sessions at once.
//
// The reader of a websocket closes the connection, and waits for all writers
// before it does, so no writer meets a descriptor that has become another
// client's.
//
// # Goroutines of one session
//
//	polling            none of its own: those of net/http, one per request
//	websocket          the reader (readWebSocket), from the upgrade to the end
//	websocket, full    the reader, and drain while the socket takes nothing
//	probing websocket  one (probe), which becomes the reader when it succeeds
//
// Server.Shutdown waits for all of them but net/http's: the reader waits for
// drain, and the server for readers and probes. After a session's end its reader
// lives on for at most two seconds, until the client has answered the close frame.
//
// # Sources
//
// The Engine.IO protocol, revisions 3 and 4; RFC 6455; and, where those are
// silent, engine.io 3.2.1 as seen on the wire.
package engine

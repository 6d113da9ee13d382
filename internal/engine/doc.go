// Package engine is an Engine.IO server: sessions over HTTP long polling and
// websockets, the upgrade from one to the other, heartbeats and limits.
//
// It knows nothing of Socket.IO events and nothing of Redis. What clients say
// goes to a [Handler], one packet at a time per session; what they hear comes
// from [Session.Send] and from a [Feed] that many sessions share.
//
// # Who owns what
//
// A session is closed and unregistered by one method, closeLocked; everybody
// else asks. Its outgoing side belongs to whoever holds its mutex, which is
// never held while something may block: a full socket gets a goroutine of its
// own (drain) until it takes bytes again, and then gives it up. Between Flush
// and Wrote a socket is its batch's. Only the reader closes a session's
// connection, when neither drain nor a batch is writing to it.
//
// # Goroutines of one session
//
//	polling            none of its own: those of net/http, one per request
//	websocket          the reader (readSocket), from the upgrade to the end
//	websocket, full    the reader, and drain while the socket takes nothing
//	probing websocket  one (probe), which becomes the reader when it succeeds
//
// Server.Shutdown waits for all of them but net/http's: drain is waited for by
// the reader, reader and probe by the server. A socket that has been given up
// keeps its goroutine for the two seconds that its client has to take leave.
//
// # Sources
//
// The Engine.IO protocol, revisions 3 and 4; RFC 6455; and, where those are
// silent, engine.io 3.2.1 as seen on the wire.
package engine

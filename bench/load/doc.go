// Package load is the load generator: thousands of Socket.IO clients in one process of its own.
//
// The generator must cost little, because it shares the machine with the server under test. One thread reads all sockets
// through one epoll descriptor into one buffer, and parses only frame headers and the digits that each message carries. A
// client has no goroutine and no timer, and receiving a message allocates nothing.
//
//	bench ── JSON-RPC on stdin/stdout ── Serve ─┬─ sender: writes message i when it is due
//	                                            └─ loop: reads every client, sends and answers heartbeats
//
// Each message carries the id of its run, its number and the time at which it was sent. So the generator knows for every
// client and message whether it arrived, arrived twice or out of order, and how long it took. Both times come from one
// monotonic clock.
package load

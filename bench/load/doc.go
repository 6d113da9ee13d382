// Package load is the load generator: thousands of Socket.IO clients in one process of its own, over raw
// websocket frames.
//
// It must not be what is measured, so it costs little: one thread reads all sockets through one epoll descriptor into one
// buffer, and of what comes it looks at frame headers and at the few digits that a line carries. There
// is no goroutine, no timer and, while lines come, no allocation per client.
//
//	orchestrator ── JSON lines on stdin/stdout ── Serve ─┬─ speaker: writes line i when it is due
//	                                                     └─ loop: reads every client, answers heartbeats
//
// Each line says which run it belongs to, its number in it and when it was written. So every client knows of every
// line whether it came, came twice, or came before an earlier one of the same speaker, and how long it
// took; both times are of one monotonic clock.
package load

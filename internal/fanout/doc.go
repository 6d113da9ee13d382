// Package fanout delivers lines to many sessions.
//
// Emit encodes a line once, in its place in a [Log]. The bytes never change after
// that, and all sessions read them. A session's position in the log is a [Cursor];
// there are no copies and no queue per session. A few workers, each with a share of
// the sessions, ask the sessions for the bytes between their cursor and the end of
// the log, and write them. Lines that arrive during a round go out together in the
// next one; no timer delays a line. With io_uring (package uring) up to 256 writes
// are one system call.
//
//	Emit -> encode -> segment -> segment -> segment (the end)
//	                     ^          ^ ^
//	                  cursor    cursor cursor
//
// Segments are a singly linked list without a head. A segment becomes garbage after
// the last cursor has left it, so the log holds what its slowest reader still needs.
// The engine closes readers that are too slow.
//
// Goroutines: one per worker, from New to Close. Each has its own batch.
package fanout

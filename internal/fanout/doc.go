// Package fanout delivers one line to many sessions.
//
// A line is encoded once, straight into its place in a [Log]: memory that is
// written once, read by everybody and never changed. A session's place in it is
// a [Cursor]; nothing is copied per session and nothing is queued for one. A few
// workers, each with a share of the sessions, ask them for the bytes between
// their cursor and the end, and write them: many lines in one write when they
// come close together. No timer delays a line: lines that go out together have
// been waiting together. Where package uring can, the writes to some hundred
// sessions are one system call.
//
//	Emit -> encode -> segment -> segment -> segment (the end)
//	                     ^          ^ ^
//	                  cursor    cursor cursor
//
// Segments are a singly linked list without a head. A segment is garbage as
// soon as the last cursor has left it, so the log holds what its slowest
// reader still needs, and the engine closes readers that are too slow.
//
// Goroutines: one per worker, from New to Close. Each has a batch of its own.
package fanout

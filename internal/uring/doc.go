// Package uring makes many writes with one system call through io_uring(7). This
// saves the system calls and the file layers of write(2), so that a write costs
// little more than the work of TCP.
//
// Only Linux since 5.6 has io_uring, and most containers forbid it. Elsewhere New
// returns an error, and the caller uses write(2).
package uring

// Size is the maximum number of writes in a Batch.
const Size = 256

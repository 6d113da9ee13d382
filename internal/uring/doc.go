// Package uring makes many writes with one system call, where Linux allows it:
// io_uring(7) takes a list of them. A write on a socket then costs what TCP
// costs, without the way into the kernel and back and without the layers that
// write(2) shares with files.
//
// Other systems, kernels before 5.6 and most containers have no io_uring. New
// returns an error there, and the caller uses write(2).
package uring

// Size is how many writes a Batch holds.
const Size = 256

// Package uring makes many writes with one system call, where Linux allows it:
// io_uring(7) takes a list of them. A write on a socket then costs what TCP
// costs, without the way into the kernel and back and without the layers that
// write(2) shares with files.
//
// It is an offer, not a need. Where there is no io_uring, as on other systems,
// on kernels before 5.6 and in most containers, New says why, and whoever asked
// makes one system call a write.
package uring

// Size is how many writes a Batch holds.
const Size = 256

// A Writer is told how a write went.
type Writer interface {
	// Wrote is called once for each Add, by Send. The first n bytes of p were
	// written. Fewer than all of them is no error: most often the socket is
	// full, and whoever waits for it writes the rest.
	Wrote(p []byte, n int, err error)
}

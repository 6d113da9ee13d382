//go:build !unix

package limit

// descriptors returns how many sockets the process may have open. The system has no
// such limit, so it is one that memory allows.
func descriptors() int { return 1 << 16 }

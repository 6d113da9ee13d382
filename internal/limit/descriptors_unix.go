//go:build unix

package limit

import "syscall"

// maxDescriptors is more than any machine has.
const maxDescriptors = 1 << 30

// descriptors returns how many descriptors the process may have open. Go has raised
// the soft limit to the hard one before main begins.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return maxDescriptors
	}
	return int(min(uint64(limit.Cur), maxDescriptors))
}

//go:build unix

package fanout

import (
	"syscall"

	"tsunagu/internal/uring"
)

// A directBatch writes with one system call per write.
type directBatch struct {
	all [uring.Size]struct {
		fd int
		p  []byte
	}
	n int
}

func (b *directBatch) Add(fd int, p []byte) {
	b.all[b.n].fd, b.all[b.n].p = fd, p
	b.n++
}

func (b *directBatch) Send(report func(i, n int, err error)) error {
	for i := range b.all[:b.n] {
		n, err := write(b.all[i].fd, b.all[i].p)
		report(i, n, err)
	}
	clear(b.all[:b.n])
	b.n = 0
	return nil
}

func (*directBatch) Close() {}

// write writes as much as a non-blocking socket accepts at once. n may be less than
// len(p) without an error.
func write(fd int, p []byte) (n int, err error) {
	n, err = syscall.Write(fd, p)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		err = nil // nothing was written
	}
	return max(n, 0), err
}

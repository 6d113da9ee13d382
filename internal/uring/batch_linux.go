//go:build amd64 || arm64

package uring

import (
	"errors"
	"fmt"
	"syscall"
)

// A Batch collects writes to stream sockets and makes them. One goroutine may use it.
type Batch struct {
	ring *ring
	all  [Size]write
	n    int // number of writes added
}

type write struct {
	p      []byte // keeps the memory alive: the garbage collector does not see the kernel's reference
	done   bool   // the kernel has reported the result
	result int32  // bytes written, or -errno
}

// errNotReported is the error of a write that the kernel has accepted without a
// completion. The kernel may have written any number of bytes.
var errNotReported = errors.New("io_uring: the result of a write is not known")

// New returns an empty batch, or an error if this process cannot use io_uring.
func New() (*Batch, error) {
	r, err := newRing(Size)
	if err != nil {
		return nil, fmt.Errorf("io_uring: %w", err)
	}
	b := &Batch{ring: r}
	if err := b.try(); err != nil {
		r.close()
		return nil, fmt.Errorf("io_uring does not send: %w", err)
	}
	return b, nil
}

// Close frees the memory that the batch shares with the kernel. All added writes must
// have been sent.
func (b *Batch) Close() { b.ring.close() }

// Add adds a write of p to the non-blocking socket fd. Until Send has reported it, p
// must not change and fd must stay open. At most Size writes may be added before
// the next Send.
func (b *Batch) Add(fd int, p []byte) {
	b.all[b.n] = write{p: p}
	b.ring.put(uint64(b.n), fd, p)
	b.n++
}

// Send makes the writes in the order of Add, without blocking, and reports each one:
// write i wrote n bytes. Fewer than all of them is no error; usually the socket is
// full. After an error from Send the batch can only be closed. Send has then still
// reported all writes; those that the kernel has not accepted are reported with 0
// bytes and no error.
func (b *Batch) Send(report func(i, n int, err error)) error {
	if b.n == 0 {
		return nil
	}
	taken, err := b.ring.submit(b.n, func(i uint64, result int32) {
		b.all[i].done, b.all[i].result = true, result
	})
	for i := range b.all[:b.n] {
		w := &b.all[i]
		switch {
		case w.done:
			n, err := outcome(w.result)
			report(i, n, err)
		case i >= taken:
			report(i, 0, nil)
		default:
			report(i, 0, errNotReported)
		}
	}
	clear(b.all[:b.n])
	b.n = 0
	return err
}

// outcome converts a completion's result to the result of a write.
func outcome(result int32) (int, error) {
	if result >= 0 {
		return int(result), nil
	}
	switch errno := syscall.Errno(-result); errno {
	case syscall.EAGAIN, syscall.EINTR:
		return 0, nil
	default:
		return 0, errno
	}
}

// try sends a byte through a pair of sockets, because some kernels have io_uring
// but cannot send with it.
func (b *Batch) try() error {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	b.Add(pair[0], []byte{'a'})
	var n int
	var failed error
	err = b.Send(func(_, wrote int, err error) { n, failed = wrote, err })
	if err == nil && failed == nil && n == 0 {
		failed = errors.New("nothing was written")
	}
	return errors.Join(err, failed)
}

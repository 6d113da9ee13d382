//go:build amd64 || arm64

package uring

import (
	"errors"
	"fmt"
	"syscall"
)

// A Batch gathers writes to stream sockets, and makes them. It belongs to one
// goroutine. A nil *Batch is one that is always full.
type Batch struct {
	ring *ring
	all  [Size]write
	n    int // of all, those added
}

type write struct {
	p      []byte // kept here, as the kernel's reference to it is none for Go
	writer Writer
	result int32 // bytes written, or -errno
}

// New returns an empty batch, or says why there can be none here.
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

// Close gives the batch's memory back to the kernel. What was added must have
// been sent.
func (b *Batch) Close() {
	if b != nil {
		b.ring.close()
	}
}

// Full tells that Add may not be called before the next Send.
func (b *Batch) Full() bool { return b == nil || b.n == Size }

// Add adds a write of p, which must not change, to the non-blocking socket fd,
// which must stay open, until w has been told.
func (b *Batch) Add(fd int, p []byte, w Writer) {
	b.all[b.n] = write{p: p, writer: w, result: -int32(syscall.EIO)}
	b.ring.put(uint64(b.n), fd, p)
	b.n++
}

// Send makes the writes, in the order of Add and without ever waiting for a
// socket, and tells the writers. After an error there is nothing left to do
// with the batch but to close it; the writers have been told all the same.
func (b *Batch) Send() error {
	if b == nil || b.n == 0 {
		return nil
	}
	taken, err := b.ring.submit(b.n, func(i uint64, result int32) { b.all[i].result = result })
	for i := range b.all[:b.n] {
		w := &b.all[i]
		if i >= taken {
			w.result = 0 // the kernel has not seen it
		}
		n, err := outcome(w.result)
		w.writer.Wrote(w.p, n, err)
	}
	clear(b.all[:b.n])
	b.n = 0
	return err
}

// outcome makes of the kernel's answer what a write would have returned.
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

// try sends a byte through a pair of sockets: some kernels have io_uring, but
// cannot send with it.
func (b *Batch) try() error {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	var t trial
	b.Add(pair[0], []byte{'a'}, &t)
	return errors.Join(b.Send(), t.err)
}

type trial struct{ err error }

func (t *trial) Wrote(p []byte, n int, err error) {
	if t.err = err; err == nil && n < len(p) {
		t.err = errors.New("nothing was written")
	}
}

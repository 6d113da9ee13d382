//go:build amd64 || arm64

package uring

import (
	"cmp"
	"errors"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The kernel's interface, from linux/io_uring.h. The numbers of the system calls are
// the same on both architectures.
const (
	sysSetup = 425
	sysEnter = 426

	featureSingleMmap = 1 << 0
	enterGetEvents    = 1 << 0

	offsetRings   = 0
	offsetEntries = 0x10000000

	opSend = 26
)

type params struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32

	_  [3]uint32
	sq struct {
		head, tail, mask, entries, flags, dropped, array uint32

		_ uint32
		_ uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags uint32

		_ uint32
		_ uint64
	}
}

// A submission is one entry of the submission queue.
type submission struct {
	op    uint8
	flags uint8
	_     uint16
	fd    int32
	_     uint64
	addr  uint64
	len   uint32
	how   uint32 // flags of send(2)
	data  uint64 // copied to the completion
	_     [3]uint64
}

// A completion is one entry of the completion queue.
type completion struct {
	data   uint64
	result int32
	flags  uint32
}

// A ring is the pair of queues shared with the kernel. The producer of a queue moves
// its tail, the consumer its head.
type ring struct {
	fd             int
	rings, entries []byte // the mappings

	sqHead, sqTail, cqHead, cqTail *uint32
	submissions                    []submission
	completions                    []completion

	// enter is io_uring_enter(2): it submits sends and waits for completions.
	enter func(submit, wait int) syscall.Errno
}

func newRing(size uint32) (*ring, error) {
	var p params
	fd, _, errno := syscall.Syscall(sysSetup, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, errno
	}
	r := &ring{fd: int(fd)}
	r.enter = func(submit, wait int) syscall.Errno {
		_, _, errno := syscall.Syscall6(sysEnter, fd, uintptr(submit), uintptr(wait), enterGetEvents, 0, 0)
		return errno
	}
	if err := r.mmap(&p); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *ring) mmap(p *params) (err error) {
	if p.features&featureSingleMmap == 0 {
		return errors.New("the kernel is too old")
	}
	const access, shared = syscall.PROT_READ | syscall.PROT_WRITE, syscall.MAP_SHARED | syscall.MAP_POPULATE
	size := max(p.sq.array+p.sqEntries*uint32(unsafe.Sizeof(uint32(0))),
		p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(completion{})))
	if r.rings, err = syscall.Mmap(r.fd, offsetRings, int(size), access, shared); err != nil {
		return err
	}
	size = p.sqEntries * uint32(unsafe.Sizeof(submission{}))
	if r.entries, err = syscall.Mmap(r.fd, offsetEntries, int(size), access, shared); err != nil {
		return err
	}
	at := func(offset uint32) unsafe.Pointer { return unsafe.Pointer(&r.rings[offset]) }
	r.sqHead, r.sqTail = (*uint32)(at(p.sq.head)), (*uint32)(at(p.sq.tail))
	r.cqHead, r.cqTail = (*uint32)(at(p.cq.head)), (*uint32)(at(p.cq.tail))
	r.submissions = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.sqEntries)
	r.completions = unsafe.Slice((*completion)(at(p.cq.cqes)), p.cqEntries)
	// The kernel finds entries through this array. Entry i is always in place i.
	for i, order := uint32(0), unsafe.Slice((*uint32)(at(p.sq.array)), p.sqEntries); i < p.sqEntries; i++ {
		order[i] = i
	}
	return nil
}

func (r *ring) close() {
	for _, m := range [][]byte{r.rings, r.entries} {
		if m != nil {
			_ = syscall.Munmap(m)
		}
	}
	_ = syscall.Close(r.fd)
}

// put adds a send to the submission queue, which must have room. The caller keeps a
// reference to p: the kernel's address does not keep the memory alive.
func (r *ring) put(data uint64, fd int, p []byte) {
	tail := *r.sqTail // only put moves it
	r.submissions[tail&uint32(len(r.submissions)-1)] = submission{
		op:   opSend,
		fd:   int32(fd),
		addr: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))),
		len:  uint32(len(p)),
		how:  syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL,
		data: data,
	}
	atomic.StoreUint32(r.sqTail, tail+1)
}

// maxIdleCalls is the maximum number of successive calls without progress: the kernel
// accepts no send and reports no completion.
const maxIdleCalls = 100

// submit submits n sends and waits for their completions. The sends do not block, so
// they complete during the system call. After an error the ring cannot be used any
// more. The kernel has then accepted the first taken sends, and done was called for
// those that it has completed.
func (r *ring) submit(n int, done func(data uint64, result int32)) (taken int, err error) {
	completed := 0
	for idle := 0; idle < maxIdleCalls; idle++ {
		waiting := r.waiting()
		offered := waiting
		if err != nil {
			offered = 0 // only wait for the sends that the kernel has accepted
		}
		errno := r.enter(offered, n-waiting+offered-completed)
		reaped := r.reap(done)
		completed += reaped
		taken = n - r.waiting()
		if err == nil && errno != 0 && errno != syscall.EINTR && errno != syscall.EAGAIN && errno != syscall.EBUSY {
			err = errno
		}
		if completed == n || err != nil && completed == taken {
			return taken, err
		}
		if reaped > 0 || r.waiting() < waiting {
			idle = 0
		} else {
			runtime.Gosched()
		}
	}
	return taken, cmp.Or(err, errStuck)
}

var errStuck = errors.New("io_uring makes no progress")

// waiting returns the number of sends that the kernel has not accepted.
func (r *ring) waiting() int { return int(*r.sqTail - atomic.LoadUint32(r.sqHead)) }

// reap calls done for each completion and returns their number.
func (r *ring) reap(done func(data uint64, result int32)) int {
	head := *r.cqHead // only reap moves it
	n := 0
	for ; head != atomic.LoadUint32(r.cqTail); head++ {
		c := &r.completions[head&uint32(len(r.completions)-1)]
		done(c.data, c.result)
		n++
	}
	atomic.StoreUint32(r.cqHead, head)
	return n
}

//go:build amd64 || arm64

package uring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// newBatch skips the test if this process cannot use io_uring, and fails it if New
// fails for another reason.
func newBatch(t testing.TB) *Batch {
	t.Helper()
	b, err := New()
	if why := unavailable(); err != nil && why != "" {
		t.Skipf("%s: %v", why, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// unavailable returns why this process cannot use io_uring: an old kernel, the
// sysctl, or the seccomp filter of a container.
func unavailable() string {
	if _, err := os.Stat("/proc/sys/kernel/io_uring_disabled"); err != nil {
		return "the kernel is older than 6.6"
	}
	if b, _ := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); strings.TrimSpace(string(b)) != "0" {
		return "the sysctl io_uring_disabled is " + strings.TrimSpace(string(b))
	}
	if b, _ := os.ReadFile("/proc/self/status"); !bytes.Contains(b, []byte("\nSeccomp:\t0\n")) {
		return "a seccomp filter is set"
	}
	return ""
}

// A pair is a connection. Bytes written to the first end are read from the second.
type pair [2]int

func newPair(t testing.TB) *pair {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := (*pair)(&fds)
	t.Cleanup(func() { p.close(0); p.close(1) })
	return p
}

func (p *pair) close(end int) {
	if p[end] >= 0 {
		syscall.Close(p[end])
		p[end] = -1
	}
}

// read returns all bytes that have arrived.
func (p *pair) read() []byte {
	var all []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := syscall.Read(p[1], buf)
		if n <= 0 || err != nil {
			return all
		}
		all = append(all, buf[:n]...)
	}
}

// An answer is what Send reported for one write.
type answer struct {
	n     int
	err   error
	times int
}

// send sends a batch of n writes and returns the answers.
func send(t *testing.T, b *Batch, n int) []answer {
	t.Helper()
	all, err := trySend(b, n)
	if err != nil {
		t.Errorf("Send: %v", err)
	}
	return all
}

func trySend(b *Batch, n int) ([]answer, error) {
	all := make([]answer, n)
	err := b.Send(func(i, n int, err error) {
		all[i].n, all[i].err = n, err
		all[i].times++
	})
	return all, err
}

func TestManyWrites(t *testing.T) {
	b := newBatch(t)
	pairs := make([]*pair, Size)
	for i := range pairs {
		pairs[i] = newPair(t)
	}
	for round := range 20 { // so that the queues wrap around
		used := Size - round*7
		for i := range used {
			b.Add(pairs[i][0], fmt.Appendf(nil, "round %d to %d", round, i))
			if i%64 == 0 {
				runtime.GC() // must not free the added bytes
			}
		}
		for i, a := range send(t, b, used) {
			want := fmt.Sprintf("round %d to %d", round, i)
			if a.times != 1 || a.n != len(want) || a.err != nil {
				t.Errorf("%q: reported %d times that %d bytes were written, error %v", want, a.times, a.n, a.err)
			}
			if got := pairs[i].read(); string(got) != want {
				t.Errorf("socket %d got %q, want %q", i, got, want)
			}
		}
	}
}

// Writes to one socket are made in the order of Add.
func TestOrder(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	var want []byte
	for i := range Size {
		line := fmt.Appendf(nil, "line %d\n", i)
		want = append(want, line...)
		b.Add(p[0], line)
	}
	send(t, b, Size)
	if got := p.read(); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A full socket, a closed connection and an invalid descriptor do not affect other
// writes.
func TestFailedWrites(t *testing.T) {
	b := newBatch(t)
	full, noReader, healthy := newPair(t), newPair(t), newPair(t)
	noReader.close(1)
	long := bytes.Repeat([]byte("x"), 8<<20)
	b.Add(full[0], long)
	b.Add(full[0], []byte("more"))
	b.Add(noReader[0], []byte("hello"))
	b.Add(-1, []byte("hello"))
	b.Add(healthy[0], []byte("hello"))
	all := send(t, b, 5)
	part, none, broken, closed, good := all[0], all[1], all[2], all[3], all[4]
	if part.err != nil || part.n == 0 || part.n >= len(long) {
		t.Errorf("a socket with too little room: %d of %d bytes written, error %v; want some of them", part.n, len(long), part.err)
	}
	if got := len(full.read()); got != part.n {
		t.Errorf("%d bytes arrived, but %d were reported as written", got, part.n)
	}
	if none.err != nil || none.n != 0 || none.times != 1 {
		t.Errorf("a full socket: %d bytes written, error %v; want 0 and no error", none.n, none.err)
	}
	if !errors.Is(broken.err, syscall.EPIPE) {
		t.Errorf("without a reader: error %v, want %v", broken.err, syscall.EPIPE)
	}
	if !errors.Is(closed.err, syscall.EBADF) {
		t.Errorf("to a closed descriptor: error %v, want %v", closed.err, syscall.EBADF)
	}
	if got := healthy.read(); good.err != nil || string(got) != "hello" {
		t.Errorf("the healthy socket received %q, error %v; want %q", got, good.err, "hello")
	}
}

func TestNothingToSend(t *testing.T) { send(t, newBatch(t), 0) }

// The kernel stops at an invalid entry. Send submits the rest again.
func TestInvalidEntry(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	b.Add(p[0], []byte("before "))
	b.Add(p[0], []byte("bad "))
	b.ring.submissions[(*b.ring.sqTail-1)&uint32(len(b.ring.submissions)-1)].op = 255
	b.Add(p[0], []byte("after"))
	all := send(t, b, 3)
	if got := string(p.read()); got != "before after" || all[0].err != nil || all[2].err != nil {
		t.Errorf("received %q, errors %v and %v; want both valid writes", got, all[0].err, all[2].err)
	}
	if all[1].times != 1 || !errors.Is(all[1].err, syscall.EINVAL) {
		t.Errorf("the invalid entry: reported %d times, error %v; want once and %v", all[1].times, all[1].err, syscall.EINVAL)
	}
}

// If the system call fails in the middle of a batch, Send reports the real results of
// the accepted writes, even if the completions come late. It reports the others with
// 0 bytes and no error.
func TestErrorInTheMiddle(t *testing.T) {
	for name, late := range map[string]bool{"reported at once": false, "reported late": true} {
		t.Run(name, func(t *testing.T) {
			b, p := newBatch(t), newPair(t)
			enter, calls := b.ring.enter, 0
			cqTail := b.ring.cqTail
			b.ring.enter = func(submit, wait int) syscall.Errno {
				switch calls++; {
				case calls == 1:
					enter(2, 2)
					if late { // the kernel has not moved the tail yet
						b.ring.cqTail = new(uint32)
						*b.ring.cqTail = *b.ring.cqHead
					}
					return syscall.EBADF
				case submit != 0:
					t.Errorf("%d sends were submitted after the error", submit)
				case calls > 3:
					b.ring.cqTail = cqTail
				}
				return 0
			}
			for range 4 {
				b.Add(p[0], []byte("hello"))
			}
			all, err := trySend(b, 4)
			if !errors.Is(err, syscall.EBADF) {
				t.Errorf("Send returned %v, want %v", err, syscall.EBADF)
			}
			for i, want := range []int{5, 5, 0, 0} {
				if a := all[i]; a.times != 1 || a.n != want || a.err != nil {
					t.Errorf("write %d: reported %d times, %d bytes, error %v; want %d bytes", i, a.times, a.n, a.err, want)
				}
			}
			if got := string(p.read()); got != "hellohello" {
				t.Errorf("%q was written, want two of the four", got)
			}
		})
	}
}

// A completion that never comes makes Send fail and not hang. Only that write has an
// unknown result, which is an error.
func TestCompletionNeverComes(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	enter, calls := b.ring.enter, 0
	b.ring.enter = func(submit, wait int) syscall.Errno {
		if calls++; calls == 1 {
			enter(submit, wait)
			*b.ring.cqTail-- // the last completion is lost
		}
		return 0
	}
	for range 3 {
		b.Add(p[0], []byte("hello"))
	}
	all, err := trySend(b, 3)
	if err == nil || calls > 2*maxIdleCalls {
		t.Errorf("Send returned %v after %d system calls, want an error after at most 200", err, calls)
	}
	for i, want := range []error{nil, nil, errNotReported} {
		if a := all[i]; a.times != 1 || a.err != want {
			t.Errorf("write %d: reported %d times, error %v; want %v", i, a.times, a.err, want)
		}
	}
}

// Writes that the kernel does not accept are reported with 0 bytes and no error.
func TestBrokenRing(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// Replaces the ring's descriptor.
	if err := syscall.Dup3(int(null.Fd()), b.ring.fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	b.Add(p[0], []byte("hello"))
	all, err := trySend(b, 1)
	if err == nil {
		t.Error("Send returned no error for a broken ring")
	}
	if a := all[0]; a.times != 1 || a.n != 0 || a.err != nil {
		t.Errorf("reported %d times that %d bytes were written, error %v; want once, 0 and no error", a.times, a.n, a.err)
	}
}

func TestCloseClosesFiles(t *testing.T) {
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	newBatch(t)
	before := open()
	for range 50 {
		b, err := New()
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if after := open(); after != before {
		t.Errorf("%d files are open after Close, %d before New", after, before)
	}
}

// BenchmarkSend writes a line to each of Size clients over TCP, in a batch and with
// one write(2) per client.
func BenchmarkSend(b *testing.B) {
	line := bytes.Repeat([]byte("x"), 100)
	for name, send := range map[string]func(*Batch, []int){
		"batch": func(batch *Batch, fds []int) {
			for _, fd := range fds {
				batch.Add(fd, line)
			}
			_ = batch.Send(func(int, int, error) {})
		},
		"write": func(_ *Batch, fds []int) {
			for _, fd := range fds {
				_, _ = syscall.Write(fd, line)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			batch, fds := newBatch(b), clients(b)
			b.ReportAllocs()
			for b.Loop() {
				send(batch, fds)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Size, "ns/line")
		})
	}
}

// clients connects Size clients that discard what they read, and returns the server's
// descriptors.
func clients(b *testing.B) []int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var fds []int
	for range Size {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { client.Close(); server.Close() })
		go io.Copy(io.Discard, client)
		raw, err := server.(*net.TCPConn).SyscallConn()
		if err != nil {
			b.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) }); err != nil {
			b.Fatal(err)
		}
	}
	return fds
}

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
	"syscall"
	"testing"
)

func newBatch(t testing.TB) *Batch {
	t.Helper()
	b, err := New()
	if err != nil {
		t.Skipf("there is none here: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

// A pair is two ends of one connection; what is written to the first one is
// read from the second.
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

// read returns everything that has come.
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

// An answer is what a writer was told.
type answer struct {
	p     []byte
	n     int
	err   error
	times int
}

func (a *answer) Wrote(p []byte, n int, err error) {
	a.p, a.n, a.err = p, n, err
	a.times++
}

func send(t *testing.T, b *Batch) {
	t.Helper()
	if err := b.Send(); err != nil {
		t.Errorf("Send: %v", err)
	}
}

func TestManyWrites(t *testing.T) {
	b := newBatch(t)
	pairs := make([]*pair, Size)
	for i := range pairs {
		pairs[i] = newPair(t)
	}
	for round := range 20 { // so that the queues come round
		used := Size - round*7
		answers := make([]answer, used)
		for i := range answers {
			if b.Full() {
				t.Fatalf("full with %d writes, want room for %d", i, Size)
			}
			b.Add(pairs[i][0], fmt.Appendf(nil, "round %d to %d", round, i), &answers[i])
			if i%64 == 0 {
				runtime.GC() // what was added must be kept
			}
		}
		if b.Full() != (used == Size) {
			t.Errorf("with %d writes Full is %v", used, b.Full())
		}
		send(t, b)
		for i, a := range answers {
			want := fmt.Sprintf("round %d to %d", round, i)
			if a.times != 1 || a.n != len(want) || a.err != nil || string(a.p) != want {
				t.Errorf("%q: told %d times that %d bytes of %q were written, error %v", want, a.times, a.n, a.p, a.err)
			}
			if got := pairs[i].read(); string(got) != want {
				t.Errorf("socket %d got %q, want %q", i, got, want)
			}
		}
	}
}

// Writes to one socket come in the order in which they were added.
func TestOrder(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	var want []byte
	for i := range Size {
		line := fmt.Appendf(nil, "line %d\n", i)
		want = append(want, line...)
		b.Add(p[0], line, &answer{})
	}
	send(t, b)
	if got := p.read(); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// One that is full, one that is gone and one that never was cost the others
// nothing.
func TestTrouble(t *testing.T) {
	b := newBatch(t)
	full, gone, well := newPair(t), newPair(t), newPair(t)
	gone.close(1)
	long := bytes.Repeat([]byte("x"), 8<<20)
	var part, none, broken, closed, good answer
	b.Add(full[0], long, &part)
	b.Add(full[0], []byte("more"), &none)
	b.Add(gone[0], []byte("hello"), &broken)
	b.Add(-1, []byte("hello"), &closed)
	b.Add(well[0], []byte("hello"), &good)
	send(t, b)
	if part.err != nil || part.n == 0 || part.n >= len(long) {
		t.Errorf("a socket took %d of %d bytes, error %v; want a part of them", part.n, len(long), part.err)
	}
	if got := len(full.read()); got != part.n {
		t.Errorf("%d bytes arrived, want the %d that were said to be written", got, part.n)
	}
	if none.err != nil || none.n != 0 || none.times != 1 {
		t.Errorf("a full socket took %d bytes, error %v; want 0 and none", none.n, none.err)
	}
	if !errors.Is(broken.err, syscall.EPIPE) {
		t.Errorf("without a reader: error %v, want %v", broken.err, syscall.EPIPE)
	}
	if !errors.Is(closed.err, syscall.EBADF) {
		t.Errorf("to a closed descriptor: error %v, want %v", closed.err, syscall.EBADF)
	}
	if got := well.read(); good.err != nil || string(got) != "hello" {
		t.Errorf("the others got %q, error %v; want %q", got, good.err, "hello")
	}
}

func TestNothingToSend(t *testing.T) {
	send(t, newBatch(t))
	var none *Batch
	if !none.Full() {
		t.Error("no batch is not full")
	}
	send(t, none)
	none.Close()
}

// The kernel stops at what it does not understand, and is asked to go on.
func TestPartOfABatchRefused(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	var before, bad, after answer
	b.Add(p[0], []byte("before "), &before)
	b.Add(p[0], []byte("bad "), &bad)
	b.ring.submissions[(*b.ring.sqTail-1)&uint32(len(b.ring.submissions)-1)].op = 255
	b.Add(p[0], []byte("after"), &after)
	send(t, b)
	if got := string(p.read()); got != "before after" || before.err != nil || after.err != nil {
		t.Errorf("got %q, errors %v and %v; want the good ones", got, before.err, after.err)
	}
	if bad.times != 1 || !errors.Is(bad.err, syscall.EINVAL) {
		t.Errorf("the bad one: told %d times, error %v; want once and %v", bad.times, bad.err, syscall.EINVAL)
	}
}

// What the kernel no longer takes is left to others.
func TestBroken(t *testing.T) {
	b, p := newBatch(t), newPair(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// In the ring's place, as a number that is nobody's may become anybody's.
	if err := syscall.Dup3(int(null.Fd()), b.ring.fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	var a answer
	b.Add(p[0], []byte("hello"), &a)
	if err := b.Send(); err == nil {
		t.Error("Send reports nothing")
	}
	if a.times != 1 || a.n != 0 || a.err != nil {
		t.Errorf("told %d times that %d bytes were written, error %v; want once, 0 and none", a.times, a.n, a.err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
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
		t.Errorf("%d files are open, before %d", after, before)
	}
}

// BenchmarkSend writes a line to each of Size clients over TCP, in a batch and
// one by one.
func BenchmarkSend(b *testing.B) {
	line := bytes.Repeat([]byte("x"), 100)
	for name, send := range map[string]func(*Batch, []int){
		"batch": func(batch *Batch, fds []int) {
			for _, fd := range fds {
				batch.Add(fd, line, ignore{})
			}
			_ = batch.Send()
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

type ignore struct{}

func (ignore) Wrote([]byte, int, error) {}

// clients connects Size clients, which read, and returns the server's ends.
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

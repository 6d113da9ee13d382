package load

import (
	"fmt"
	"log"
	"runtime"
	"syscall"
	"time"
)

// edge requests one event per change. It saves the kernel a second look at every socket that has been read empty.
const edge = 1 << 31

// pause bounds how long the loop sleeps when no event arrives: then it looks for calls and for heartbeats that are due.
const pause = 20 // ms

// loop reads all clients in one thread.
type loop struct {
	// static
	gen   *generator
	args  ConnectArgs
	epfd  int
	calls chan func()

	// owned by the thread
	clients           []*client
	buf               []byte
	interval, timeout int64   // of the server's heartbeat
	pings             []ping  // due, in order of time
	next, inFlight    int     // the next client to connect, and how many handshakes are in progress
	readyAt           []int64 // when each client was ready
	record            *record // of the run in progress, nil between runs
	storm             *storm  // in progress, or nil
	ended             bool
}

// ping says when a client's next ping is due.
type ping struct {
	c  *client
	at int64
}

// start is the zero of clock, which counts nanoseconds.
var start = time.Now()

func clock() int64 { return int64(time.Since(start)) }

func newLoop(g *generator, args ConnectArgs) (*loop, error) {
	epfd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l := &loop{gen: g, args: args, epfd: epfd, calls: make(chan func()), buf: make([]byte, 256<<10)}
	return l, nil
}

// do runs f in the loop's thread and returns when f has returned.
func (l *loop) do(f func()) {
	done := make(chan struct{})
	l.calls <- func() { f(); close(done) }
	<-done
}

func (l *loop) run() {
	runtime.LockOSThread()
	events := make([]syscall.EpollEvent, 512)
	for {
		n, err := syscall.EpollWait(l.epfd, events, pause)
		if err != nil && err != syscall.EINTR {
			log.Fatalf("load generator: epoll: %v", err)
		}
		for _, e := range events[:max(n, 0)] {
			l.event(l.clients[e.Fd], e.Events)
		}
		if l.record != nil {
			l.gen.delivered.Store(l.record.delivered)
		}
		select {
		case f := <-l.calls:
			f()
		default:
		}
		if l.ended {
			return
		}
		l.heartbeats()
	}
}

// end closes all clients and makes run return.
func (l *loop) end() {
	for _, c := range l.clients {
		if c != nil && c.state != lost {
			c.state = lost
			_ = syscall.Close(c.fd)
		}
	}
	_ = syscall.Close(l.epfd)
	l.ended = true
}

func (l *loop) event(c *client, what uint32) {
	if c.state == lost {
		return
	}
	if c.state == dialing {
		if err := c.dialled(); err != nil {
			l.drop(c, err)
			return
		}
	}
	if what&syscall.EPOLLOUT != 0 {
		c.flush()
	}
	if what&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		l.read(c, what&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0)
	}
}

// read reads until the socket is empty. A read that does not fill the buffer has emptied it, unless the connection ends.
func (l *loop) read(c *client, ending bool) {
	for c.state != lost {
		n, err := syscall.Read(c.fd, l.buf)
		switch {
		case err == syscall.EAGAIN:
			return
		case err == syscall.EINTR:
			continue
		case err != nil:
			l.drop(c, fmt.Errorf("read: %w", err))
			return
		case n == 0:
			l.drop(c, fmt.Errorf("the server closed the connection"))
			return
		}
		if err := c.received(l.buf[:n], clock()); err != nil {
			l.drop(c, err)
			return
		}
		if n < len(l.buf) && !ending {
			return
		}
	}
}

// drop closes a client while the loop runs; nothing else does.
func (l *loop) drop(c *client, why error) {
	if c.state == lost {
		return
	}
	if c.state == ready {
		l.gen.ready.Add(-1)
	}
	c.state = lost
	c.mu.Lock()
	c.closed = true
	syscall.Close(c.fd)
	c.mu.Unlock()
	l.gen.gone.Add(1)
	l.gen.fail(fmt.Errorf("client %d: %w", c.index, why))
}

// heartbeats sends the pings that are due. In EIO 3 the client sends them, and all wait equally long.
func (l *loop) heartbeats() {
	now := clock()
	for len(l.pings) > 0 && l.pings[0].at <= now {
		c := l.pings[0].c
		l.pings = l.pings[1:]
		if c.state != ready {
			continue
		}
		c.send(appendFrame(nil, opText, []byte{'2'}))
		if c.due == 0 {
			c.due = now + l.timeout
		}
		l.pings = append(l.pings, ping{c, now + l.interval})
	}
}

// silent counts the clients that a real client would have closed by now, because the server's heartbeat is overdue.
func (l *loop) silent() (n int) {
	now := clock()
	for _, c := range l.clients {
		if c.state == ready && c.due != 0 && c.due < now {
			n++
		}
	}
	return n
}

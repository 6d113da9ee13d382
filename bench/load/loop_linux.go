package load

import (
	"fmt"
	"log"
	"runtime"
	"syscall"
	"time"
)

// edge asks for one event per change. It spares the kernel a second look at every socket that was read empty.
const edge = 1 << 31

// pause bounds how long a loop sleeps when nothing comes: then it looks for orders and heartbeats that are due.
const pause = 20 // ms

// loop reads the clients it was given, all of them in one thread.
type loop struct {
	// static
	gen    *generator
	ask    ConnectAsk
	epfd   int
	orders chan func()

	// owned by the thread
	clients           []*client
	buf               []byte
	interval, timeout int64 // of the server's heartbeat
	beats             []beat
	next, flying      int     // the next client to connect, and how many are at it
	readyAt           []int64 // when each client was ready
	round             *share
	ended             bool
}

// beat says when a client's next ping is due. All wait equally long, so the queue is in order of time.
type beat struct {
	c  *client
	at int64
}

// start is where the clock of this process began; all times are nanoseconds since.
var start = time.Now()

func clock() int64 { return int64(time.Since(start)) }

func newLoop(g *generator, ask ConnectAsk) (*loop, error) {
	epfd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l := &loop{gen: g, ask: ask, epfd: epfd, orders: make(chan func()), buf: make([]byte, 256<<10)}
	return l, nil
}

// heard passes a line on to the share under way; between two runs nobody listens.
func (l *loop) heard(c *client, p []byte, now int64) {
	if l.round != nil {
		l.round.heard(c.index, p, now)
	}
}

// do runs f in the loop's thread and returns when it is done.
func (l *loop) do(f func()) {
	done := make(chan struct{})
	l.orders <- func() { f(); close(done) }
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
		if l.round != nil {
			l.gen.delivered.Add(l.round.takeFresh())
		}
		select {
		case f := <-l.orders:
			f()
		default:
		}
		if l.ended {
			return
		}
		l.heartbeats()
	}
}

// end closes everything and lets run return.
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

// read takes all that the socket holds. A read that does not fill the buffer has emptied it, unless the end is near.
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
			l.drop(c, fmt.Errorf("the server closes the connection"))
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

// drop is the one way by which a client ends.
func (l *loop) drop(c *client, why error) {
	if c.state == lost {
		return
	}
	if c.state == ready {
		l.gen.ready.Add(-1)
	}
	c.state = lost
	c.mu.Lock()
	c.gone = true
	syscall.Close(c.fd)
	c.mu.Unlock()
	l.gen.lost(fmt.Errorf("client %d: %w", c.index, why))
}

// heartbeats sends the pings that are due in the older dialect, where the client asks.
func (l *loop) heartbeats() {
	now := clock()
	for len(l.beats) > 0 && l.beats[0].at <= now {
		c := l.beats[0].c
		l.beats = l.beats[1:]
		if c.state != ready {
			continue
		}
		c.send(appendFrame(nil, opText, []byte{'2'}))
		if c.due == 0 {
			c.due = now + l.timeout
		}
		l.beats = append(l.beats, beat{c, now + l.interval})
	}
}

// silent counts the clients that a real one would have given up by now, because the server's heartbeat is overdue.
func (l *loop) silent() (n int) {
	now := clock()
	for _, c := range l.clients {
		if c.state == ready && c.due != 0 && c.due < now {
			n++
		}
	}
	return n
}

package load

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// perAddress is how many clients share one loopback address: far fewer than there are ephemeral ports, so that the kernel
// finds a free one at once.
const perAddress = 8000

const ipBindAddressNoPort = 24 // from linux/in.h: bind the address now, choose the port at connect

// dial starts to connect client i, without waiting.
func (l *loop) dial(i int) (*client, error) {
	to, err := netip.ParseAddrPort(l.args.Addrs[i*len(l.args.Addrs)/l.args.Clients])
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	c := &client{fd: fd, index: i, loop: l}
	l.clients[i] = c
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	if i >= perAddress {
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
		from := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + i/perAddress)}}
		if err := syscall.Bind(fd, from); err != nil {
			return c, fmt.Errorf("bind: %w", err)
		}
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edge, Fd: int32(i)}
	err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	if err != nil && err != syscall.EINPROGRESS {
		return c, fmt.Errorf("connect: %w", err)
	}
	return c, syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_ADD, fd, &e)
}

// dialled reads the result of the kernel's connect and requests the upgrade.
func (c *client) dialled() error {
	if code, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || code != 0 {
		return fmt.Errorf("connect: %w", syscall.Errno(code))
	}
	c.state = upgrading
	c.send(c.loop.request())
	return nil
}

// connect starts as many clients as may be in progress at once.
func (l *loop) connect() {
	for l.next < len(l.clients) && l.inFlight < l.args.InFlight {
		i := l.next
		l.next++
		l.inFlight++
		if c, err := l.dial(i); err != nil {
			l.gen.fail(fmt.Errorf("client %d: %w", i, err))
			if c != nil {
				l.drop(c, err)
			}
			return
		}
	}
}

// joined is called when a client has become ready.
func (l *loop) joined(c *client, now int64) {
	l.inFlight--
	l.readyAt = append(l.readyAt, now)
	l.gen.ready.Add(1)
	if l.args.EIO == 4 {
		c.due = now + l.interval + l.timeout
	} else {
		l.pings = append(l.pings, ping{c, now + l.interval})
	}
	l.connect()
}

// connect connects all clients.
func (g *generator) connect(a ConnectArgs) (Connected, error) {
	if g.loop != nil || len(a.Addrs) == 0 || a.Clients < 1 {
		return Connected{}, fmt.Errorf("connected already, or no clients or no nodes to connect")
	}
	l, err := newLoop(g, a)
	if err != nil {
		return Connected{}, err
	}
	g.loop = l
	l.clients = make([]*client, a.Clients)
	go l.run()
	began := clock()
	l.do(l.connect)
	if err := g.awaitReady(int64(a.Clients)); err != nil {
		return Connected{}, err
	}
	var times []int64
	l.do(func() { times = slices.Clone(l.readyAt) })
	return Connected{PerSecond: acceptRate(times, a.WarmUp), Seconds: float64(times[len(times)-1]-began) / 1e9}, nil
}

// awaitReady returns when all clients are connected, one has failed, or none has made progress for 15 s.
func (g *generator) awaitReady(clients int64) error {
	last, at := int64(0), clock()
	for {
		n := g.ready.Load()
		if err := g.failure(); err != nil {
			return fmt.Errorf("%d of %d clients connected: %w", n, clients, err)
		}
		if n == clients {
			return nil
		}
		if now := clock(); n > last {
			last, at = n, now
		} else if now-at > int64(15*time.Second) {
			return fmt.Errorf("%d of %d clients connected, and no further one for 15 s", n, clients)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

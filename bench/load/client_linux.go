package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"syscall"
	"time"
)

type state uint8

const (
	dialing   state = iota // the kernel connects
	upgrading              // the HTTP request is out
	opening                // waits for Engine.IO's open packet
	joining                // waits for Socket.IO's CONNECT
	ready                  // receives messages and may send some
	lost                   // closed by either side
)

// client is one Socket.IO client.
type client struct {
	// static after dial
	fd    int
	index int
	loop  *loop

	// owned by the loop
	state state
	rest  []byte // the start of a frame that is not complete yet
	due   int64  // by when a real client expects its pong (or, in EIO 4, the next ping), 0 for never

	// guarded by mu: the loop sends heartbeats, the sender messages
	mu     sync.Mutex
	out    []byte // what the socket has not accepted yet
	closed bool
}

// The key is 16 bytes in base64, and wsAccept the answer to it according to RFC 6455, section 4.2.2.
const (
	wsKey    = "dHN1bmFndSBiZW5jaG1hcg=="
	wsAccept = "Aa8cs9130lNPtu05UItOosGKiT0="
)

func (l *loop) request() []byte {
	return fmt.Appendf(nil, "GET /socket.io/?EIO=%d&transport=websocket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", l.args.EIO, l.args.Addrs[0], wsKey)
}

// send writes a whole frame. It keeps what the socket does not accept for flush.
func (c *client) send(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if len(c.out) == 0 {
		n, err := syscall.Write(c.fd, frame)
		if err != nil && err != syscall.EAGAIN {
			return // the loop sees the error, too
		}
		frame = frame[max(n, 0):]
	}
	c.out = append(c.out, frame...)
}

// flush writes what send has kept, when the socket is writable again.
func (c *client) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 || c.closed {
		return
	}
	if n, err := syscall.Write(c.fd, c.out); err == nil {
		c.out = append(c.out[:0], c.out[n:]...)
	}
}

// received handles the bytes of one read. b is the loop's buffer, which the loop reuses.
func (c *client) received(b []byte, now int64) error {
	if len(c.rest) > 0 {
		c.rest = append(c.rest, b...)
		b = c.rest
	}
	if c.state == upgrading {
		var err error
		if b, err = c.upgraded(b); err != nil {
			return err
		}
	}
	for c.state >= opening && c.state < lost {
		op, payload, rest, whole, err := nextFrame(b)
		if err != nil {
			return err
		}
		if !whole {
			break
		}
		b = rest
		if err := c.frame(op, payload, now); err != nil {
			return err
		}
	}
	c.keep(b)
	return nil
}

// keep copies the incomplete frame that is left over. Mostly there is none.
func (c *client) keep(b []byte) {
	if len(b) == 0 {
		c.rest = nil
		return
	}
	c.rest = append(c.rest[:0:0], b...)
}

// upgraded looks for the end of the answer's header and returns the bytes after it.
func (c *client) upgraded(b []byte) ([]byte, error) {
	head, rest, found := bytes.Cut(b, []byte("\r\n\r\n"))
	if !found {
		return b, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(wsAccept)) {
		return nil, fmt.Errorf("the upgrade was answered by %.200q", head)
	}
	c.state = opening
	return rest, nil
}

func (c *client) frame(op byte, payload []byte, now int64) error {
	switch op {
	case opText:
		return c.packet(payload, now)
	case opClose:
		return fmt.Errorf("the server closed the websocket: %q", payload)
	case opPing:
		c.send(appendFrame(nil, opPong, payload))
	}
	return nil
}

// packet handles one Engine.IO packet.
func (c *client) packet(p []byte, now int64) error {
	switch {
	case len(p) == 0:
		return fmt.Errorf("an empty packet")
	case c.state == ready && len(p) > 1 && p[0] == '4' && p[1] == '2':
		// Between two runs nothing is recorded.
		if r := c.loop.record; r != nil {
			r.receive(c.index, p, now)
		}
		if s := c.loop.storm; s != nil {
			s.receive(c.index, p, now)
		}
	case c.state == opening && p[0] == '0':
		return c.opened(p[1:])
	case c.state == joining && len(p) > 1 && p[0] == '4' && p[1] == '0':
		c.state = ready
		c.loop.joined(c, now)
	case p[0] == '2':
		c.send(appendFrame(nil, opText, []byte{'3'}))
		c.due = now + c.loop.interval + c.loop.timeout
	case p[0] == '3':
		c.due = 0
	case c.state != ready || p[0] == '1' || p[0] == '4' && len(p) > 1 && p[1] == '4':
		return fmt.Errorf("the server sent %.200q", p)
	}
	return nil
}

func (c *client) opened(p []byte) error {
	var open struct {
		SID                       string
		PingInterval, PingTimeout int64
	}
	if err := json.Unmarshal(p, &open); err != nil || open.SID == "" || open.PingInterval <= 0 || open.PingTimeout <= 0 {
		return fmt.Errorf("the open packet is %.200q", p)
	}
	c.loop.interval = open.PingInterval * int64(time.Millisecond)
	c.loop.timeout = open.PingTimeout * int64(time.Millisecond)
	c.state = joining
	if c.loop.args.EIO == 4 {
		c.send(appendFrame(nil, opText, []byte("40")))
	}
	return nil
}

package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// abuse connects clients that misbehave. They do so until the generator ends.
func (g *generator) abuse(a AbuseArgs) error {
	for _, kind := range []struct {
		count int
		begin func(a AbuseArgs) error
	}{{a.Stalled, g.stall}, {a.Unpolled, g.openUnpolled}, {a.Flooders, g.flood}} {
		for range kind.count {
			if err := kind.begin(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// upgrade opens a session on a websocket. The receive buffer is the kernel's own if bytes is zero.
func (g *generator) upgrade(a AbuseArgs, receiveBuffer int) (*net.TCPConn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	if receiveBuffer > 0 {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
			})
		}
	}
	conn, err := dialer.Dial("tcp", a.Addr)
	if err != nil {
		return nil, err
	}
	g.abusers = append(g.abusers, conn)
	if _, err := fmt.Fprintf(conn, "GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", a.Addr, wsKey); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("no websocket for a client that misbehaves: %v, %w", answer, err)
	}
	return conn.(*net.TCPConn), nil
}

// stall connects a client that reads nothing any more.
func (g *generator) stall(a AbuseArgs) error {
	_, err := g.upgrade(a, 4096)
	return err
}

// openUnpolled opens a session that is never polled.
func (g *generator) openUnpolled(a AbuseArgs) error {
	resp, err := http.Get("http://" + a.Addr + "/socket.io/?EIO=3&transport=polling")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("no polling session: %s, %w", resp.Status, err)
	}
	return nil
}

// flood connects a client that sends long messages, and reads.
func (g *generator) flood(a AbuseArgs) error {
	conn, err := g.upgrade(a, 0)
	if err != nil {
		return err
	}
	g.flooding.Go(func() { _, _ = io.Copy(io.Discard, conn) })
	frame := appendFrame(nil, opText, []byte(string(floodPrefix)+strings.Repeat("x", a.Bytes)+after))
	g.flooding.Go(func() {
		tick := time.NewTicker(time.Duration(float64(time.Second) / a.PerSecond))
		defer tick.Stop()
		for {
			if _, err := conn.Write(frame); err != nil {
				return // the server has closed it, or the generator ends
			}
			<-tick.C
		}
	})
	return nil
}

// endAbuse closes those clients.
func (g *generator) endAbuse() {
	for _, conn := range g.abusers {
		conn.Close()
	}
	g.flooding.Wait()
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/redis/go-redis/v9"
)

// loopServer is the least that a chat server over websockets can do with a plain loop: for each message from Redis it makes
// one write per client, of a frame that is encoded once. What it costs is what the kernel charges.
//
// It is no server to use: one client that stops reading blocks all, no client is ever removed, heartbeats are announced
// and ignored, and of Engine.IO it knows the handshake and nothing else.
type loopServer struct {
	rdb     *redis.Client
	mu      sync.Mutex
	clients []net.Conn // guarded by mu, only ever appended to
}

func serveLoop(l net.Listener, rdb *redis.Client) {
	s := &loopServer{rdb: rdb}
	go s.broadcast()
	for {
		conn, err := l.Accept()
		check(err)
		go s.serve(conn)
	}
}

// broadcast is the loop that everything else is compared with.
func (s *loopServer) broadcast() {
	sub := s.rdb.Subscribe(context.Background(), channel)
	for {
		m, err := sub.ReceiveMessage(context.Background())
		check(err)
		message := frame(`42["chat","` + m.Payload + `"]`)
		s.mu.Lock()
		clients := s.clients
		s.mu.Unlock()
		for _, c := range clients {
			_, _ = c.Write(message)
		}
	}
}

func (s *loopServer) serve(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 512)
	req, err := http.ReadRequest(in)
	if err != nil {
		_ = conn.Close()
		return
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	hello := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	hello = append(hello, frame(`0{"sid":"loop","upgrades":[],"pingInterval":25000,"pingTimeout":5000}`)...)
	_, _ = conn.Write(append(hello, frame("40")...))
	s.mu.Lock()
	s.clients = append(s.clients, conn)
	s.mu.Unlock()
	for {
		p, err := readFrame(in)
		if err != nil {
			return
		}
		if text, ok := bytes.CutPrefix(p, []byte(`42["chat","`)); ok {
			check(s.rdb.Publish(context.Background(), channel, text[:len(text)-2]).Err())
		}
	}
}

// readFrame returns the payload of a client's frame. The generator's frames are shorter than 64 KB and never fragmented.
func readFrame(in *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return nil, err
	}
	n := int(head[1] & 127)
	if n == 126 {
		if _, err := io.ReadFull(in, head[2:4]); err != nil {
			return nil, err
		}
		n = int(binary.BigEndian.Uint16(head[2:4]))
	}
	b := make([]byte, 4+n)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, err
	}
	for i := range b[4:] {
		b[4+i] ^= b[i&3]
	}
	return b[4:], nil
}

func frame(text string) []byte {
	b := []byte{0x81, byte(len(text))}
	if len(text) > 125 {
		b = []byte{0x81, 126, byte(len(text) >> 8), byte(len(text))}
	}
	return append(b, text...)
}

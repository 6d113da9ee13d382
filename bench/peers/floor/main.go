// Command floor is the least that a chat server over websockets can do with a plain loop: it accepts, and for each
// line from Redis it makes one write per client, of a frame that is ready. What it costs is what the kernel charges.
//
// It is no server to use: one client that stops reading stops everyone, nobody is ever removed, heartbeats are
// announced and ignored, and of Engine.IO it knows the words of the handshake and nothing else.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/redis/go-redis/v9"
)

type room struct {
	rdb     *redis.Client
	mu      sync.Mutex
	clients []net.Conn // guarded by mu, only ever appended to
}

func main() {
	port := flag.Int("port", 3000, "port to listen on")
	url := flag.String("redis", "redis://127.0.0.1:6379", "the Redis server")
	flag.Parse()
	opt, err := redis.ParseURL(*url)
	check(err)
	r := &room{rdb: redis.NewClient(opt)}
	go r.fanOut()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	check(err)
	fmt.Printf("listening on localhost:%d\n", *port)
	for {
		conn, err := l.Accept()
		check(err)
		go r.serve(conn)
	}
}

// fanOut is the loop that everything else is compared with.
func (r *room) fanOut() {
	sub := r.rdb.Subscribe(context.Background(), "chat")
	for {
		m, err := sub.ReceiveMessage(context.Background())
		check(err)
		line := frame(`42["chat","` + m.Payload + `"]`)
		r.mu.Lock()
		clients := r.clients
		r.mu.Unlock()
		for _, c := range clients {
			_, _ = c.Write(line)
		}
	}
}

func (r *room) serve(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 512)
	req, err := http.ReadRequest(in)
	if err != nil {
		_ = conn.Close()
		return
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	hello := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	hello = append(hello, frame(`0{"sid":"floor","upgrades":[],"pingInterval":25000,"pingTimeout":5000}`)...)
	_, _ = conn.Write(append(hello, frame("40")...))
	r.mu.Lock()
	r.clients = append(r.clients, conn)
	r.mu.Unlock()
	for {
		line, err := read(in)
		if err != nil {
			return
		}
		if text, ok := bytes.CutPrefix(line, []byte(`42["chat","`)); ok {
			check(r.rdb.Publish(context.Background(), "chat", text[:len(text)-2]).Err())
		}
	}
}

// read returns the payload of a client's frame. The generator's are short or of medium length, and always whole.
func read(in *bufio.Reader) ([]byte, error) {
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

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

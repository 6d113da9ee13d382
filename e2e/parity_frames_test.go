//go:build e2e

package e2e

import (
	bigendian "encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// The first bytes of unfragmented frames.
const (
	textFrame   = 0x81
	binaryFrame = 0x82
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a
)

// masked is a frame as clients have to send it.
func masked(first byte, payload string) string {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	data := []byte(payload)
	for i := range data {
		data[i] ^= key[i%4]
	}
	return frameHead(first, 0x80, len(data)) + string(key[:]) + string(data)
}

// bare is a frame as clients must not send it.
func bare(first byte, payload string) string { return frameHead(first, 0, len(payload)) + payload }

func frameHead(first, mask byte, n int) string {
	switch {
	case n < 126:
		return string([]byte{first, mask | byte(n)})
	case n < 1<<16:
		return string(bigendian.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(n)))
	}
	return string(bigendian.BigEndian.AppendUint64([]byte{first, mask | 127}, uint64(n)))
}

// closing is the payload of a close frame.
func closing(code uint16, reason string) string {
	return string(bigendian.BigEndian.AppendUint16(nil, code)) + reason
}

var frameNames = map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

// frame reads and records the next frame. It is told apart by its kind, "" when there is none any more.
func (p *play) frame(name string) (kind, payload string) {
	l := p.lines[name]
	l.conn.SetReadDeadline(time.Now().Add(p.wait))
	first, payload, err := readFrame(l.in)
	if err != nil {
		p.broken(name, err)
		return "", ""
	}
	kind = frameNames[first&15]
	if first&0xf0 != 0x80 {
		kind += fmt.Sprintf(" (%#x)", first)
	}
	p.learn(payload)
	if kind == "close" && len(payload) >= 2 {
		p.note("%s: close %d %q", name, bigendian.BigEndian.Uint16([]byte(payload)), payload[2:])
	} else {
		p.note("%s: %s %s", name, kind, long(p.anonymous(payload)))
	}
	if kind == "close" && !l.closed { // as every client does
		l.closed = true
		_, _ = l.conn.Write([]byte(masked(closeFrame, payload)))
	}
	return kind, payload
}

func readFrame(in io.Reader) (first byte, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1] & 0x7f)
	if extra := map[uint64]int{126: 2, 127: 8}[n]; extra > 0 {
		var length [8]byte
		if _, err := io.ReadFull(in, length[8-extra:]); err != nil {
			return 0, "", err
		}
		n = bigendian.BigEndian.Uint64(length[:])
	}
	if head[1]&0x80 != 0 || n > 1<<27 {
		return 0, "", fmt.Errorf("malformed frame % x", head)
	}
	data := make([]byte, n)
	_, err = io.ReadFull(in, data)
	return head[0], string(data), err
}

// until reads frames up to one with this text, or to the end.
func (p *play) until(name string, is func(kind, payload string) bool) {
	for {
		kind, payload := p.frame(name)
		if kind == "" || is(kind, payload) {
			return
		}
	}
}

// handshake sends a websocket handshake and records the answer.
func (p *play) handshake(name, target string, headers ...string) bool {
	text := "GET " + target + "\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	for _, h := range headers {
		text += "\n" + h
	}
	p.ask(name, text)
	status, _ := p.answer(name)
	p.lines[name].inFrames = status == 101
	return status == 101
}

func chatEvent(line string) string {
	return `42["chat",` + quoteJS.Replace(fmt.Sprintf("%q", line)) + `]`
}

// Go's quoting is JSON's for what exchanges say on their own behalf.
var quoteJS = strings.NewReplacer(`\x`, `\u00`, `\a`, `\u0007`, `\v`, `\u000b`)

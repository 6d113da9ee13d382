//go:build e2e

package e2e

import (
	bigendian "encoding/binary"
	"fmt"
	"io"
	"time"
)

// firstBytes are those of frames that are a whole message.
var firstBytes = map[string]byte{"text": 0x81, "binary": 0x82, "close": 0x88, "ping": 0x89, "pong": 0x8a}

var opcodes = map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

// maskedFrame is a frame as clients have to send it.
func maskedFrame(first byte, payload string) string {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	data := []byte(payload)
	for i := range data {
		data[i] ^= key[i%4]
	}
	return frameHead(first, 0x80, len(data)) + string(key[:]) + string(data)
}

// unmaskedFrame is a frame as clients must not send it.
func unmaskedFrame(first byte, payload string) string {
	return frameHead(first, 0, len(payload)) + payload
}

func frameHead(first, mask byte, n int) string {
	switch {
	case n < 126:
		return string([]byte{first, mask | byte(n)})
	case n < 1<<16:
		return string(bigendian.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(n)))
	}
	return string(bigendian.BigEndian.AppendUint64([]byte{first, mask | 127}, uint64(n)))
}

func (p *player) sendFrame(name, opcode, payload string) {
	p.write(name, maskedFrame(firstBytes[opcode], payload))
}

// frame reads and records the next frame. The opcode is "" if the connection has ended.
func (p *player) frame(name string) (opcode, payload string) {
	c := p.connection(name)
	c.conn.SetReadDeadline(time.Now().Add(p.timeout))
	first, payload, err := readFrame(c.in)
	if err != nil {
		p.noAnswer(name, err)
		return "", ""
	}
	opcode = opcodes[first&15]
	if first&0xf0 != 0x80 {
		opcode += fmt.Sprintf(" (%#x)", first)
	}
	p.learnSessions(payload)
	if opcode == "close" && len(payload) >= 2 {
		p.note("%s: close %d %q", name, bigendian.BigEndian.Uint16([]byte(payload)), payload[2:])
	} else {
		p.note("%s: %s %s", name, opcode, abridged(p.anonymous(payload)))
	}
	if opcode == "close" && !c.sentClose { // as every client does
		c.sentClose = true
		p.sendFrame(name, "close", payload)
	}
	return opcode, payload
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

// framesUntil reads frames up to one with this payload, or to the end of the connection.
func (p *player) framesUntil(name, last string) {
	for {
		if opcode, payload := p.frame(name); opcode == "" || payload == last && last != "" {
			return
		}
	}
}

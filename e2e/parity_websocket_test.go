//go:build e2e

package e2e

import (
	bigendian "encoding/binary"
	"fmt"
	"time"

	"tsunagu/e2e/notation"
)

var opcodes = map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

func (p *player) sendFrame(name, opcode, payload string) {
	p.write(name, notation.Frame(opcode, payload))
}

// frame reads and records the next frame. The opcode is "" if the connection has ended.
func (p *player) frame(name string) (opcode, payload string) {
	c := p.connection(name)
	c.conn.SetReadDeadline(time.Now().Add(p.timeout))
	first, payload, err := notation.ReadFrame(c.in)
	if err != nil {
		p.noAnswer(name, err)
		return "", ""
	}
	opcode = opcodes[first&15]
	if first&0xf0 != 0x80 {
		opcode += fmt.Sprintf(" (%#x)", first)
	}
	p.sessions.Learn(payload)
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

// framesUntil reads frames up to one with this payload, or to the end of the connection.
func (p *player) framesUntil(name, last string) {
	for {
		if opcode, payload := p.frame(name); opcode == "" || payload == last && last != "" {
			return
		}
	}
}

package load

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
)

// A message as a server sends it reads
//
//	42["chat","rrrrrrrrnnnnnnnntttttttttttttttt and some words"]
//
// with the run, the message's number in it and its time in hexadecimal digits. 64 bytes of text is an ordinary chat
// message. It is plain ASCII, the case that costs a JavaScript server least.
const (
	before     = `42["chat","`
	after      = `"]`
	words      = " see you at the station at seven"
	digits     = 2 * stampLen
	stampLen   = 4 + 4 + 8
	messageLen = len(before) + digits + len(words) + len(after)
)

// appendMessage appends the packet by which a client sends message seq of a run.
func appendMessage(b []byte, run, seq uint32, sent int64) []byte {
	var stamp [stampLen]byte
	binary.BigEndian.PutUint32(stamp[0:], run)
	binary.BigEndian.PutUint32(stamp[4:], seq)
	binary.BigEndian.PutUint64(stamp[8:], uint64(sent))
	b = append(b, before...)
	b = hex.AppendEncode(b, stamp[:])
	b = append(b, words...)
	return append(b, after...)
}

// parseMessage is the inverse of appendMessage. It refuses a message that the server has changed. Only a line feed may
// follow: go-socket.io appends one to every packet, and JSON allows it.
func parseMessage(p []byte) (run, seq uint32, sent int64, ok bool) {
	if len(p) == messageLen+1 && p[messageLen] == '\n' {
		p = p[:messageLen]
	}
	if len(p) != messageLen || string(p[:len(before)]) != before || string(p[len(before)+digits:]) != words+after {
		return 0, 0, 0, false
	}
	var stamp [stampLen]byte
	if _, err := hex.Decode(stamp[:], p[len(before):len(before)+digits]); err != nil {
		return 0, 0, 0, false
	}
	return binary.BigEndian.Uint32(stamp[0:]), binary.BigEndian.Uint32(stamp[4:]), int64(binary.BigEndian.Uint64(stamp[8:])), true
}

// floodPrefix begins the messages of clients that flood. Other clients receive them and do not record them.
var floodPrefix = []byte(before + "flood ")

func isFlood(p []byte) bool { return bytes.HasPrefix(p, floodPrefix) }

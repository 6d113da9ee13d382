package load

import "encoding/binary"

// A line on its way out of a server reads
//
//	42["chat","rrrrrrrrnnnnnnnntttttttttttttttt and some words"]
//
// with the run, the line's number in it and its time in hexadecimal digits. 64 bytes of text is an ordinary line of
// a chat. It is plain ASCII, the case that costs a JavaScript server least.
const (
	before  = `42["chat","`
	after   = `"]`
	words   = " see you at the station at seven"
	digits  = 8 + 8 + 16
	textLen = digits + len(words)
	lineLen = len(before) + textLen + len(after)
)

const hex = "0123456789abcdef"

// unhex is 0xff for what is no lower-case hexadecimal digit.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte(hex) {
		t[c] = byte(i)
	}
	return t
}()

// appendLine appends the packet by which a client says line seq of a run.
func appendLine(b []byte, run, seq uint32, sent int64) []byte {
	var raw [digits / 2]byte
	binary.BigEndian.PutUint32(raw[0:], run)
	binary.BigEndian.PutUint32(raw[4:], seq)
	binary.BigEndian.PutUint64(raw[8:], uint64(sent))
	b = append(b, before...)
	for _, c := range raw {
		b = append(b, hex[c>>4], hex[c&15])
	}
	b = append(b, words...)
	return append(b, after...)
}

// parseLine is the inverse of appendLine. What is not exactly such a packet is refused: a line that a server has
// changed is not the line. Only a line feed may follow, which go-socket.io adds to all it says and JSON does not mind.
func parseLine(p []byte) (run, seq uint32, sent int64, ok bool) {
	if len(p) == lineLen+1 && p[lineLen] == '\n' {
		p = p[:lineLen]
	}
	if len(p) != lineLen || string(p[:len(before)]) != before || string(p[len(before)+digits:]) != words+after {
		return 0, 0, 0, false
	}
	var raw [digits / 2]byte
	p = p[len(before):]
	for i := range raw {
		high, low := unhex[p[2*i]], unhex[p[2*i+1]]
		if high|low > 15 {
			return 0, 0, 0, false
		}
		raw[i] = high<<4 | low
	}
	return binary.BigEndian.Uint32(raw[0:]), binary.BigEndian.Uint32(raw[4:]), int64(binary.BigEndian.Uint64(raw[8:])), true
}

package chat

import (
	"bytes"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"tsunagu/internal/fanout"
)

// A rawClient is a websocket client that allocates nothing while it speaks and listens.
type rawClient struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

func newRawClient(t *testing.T, url, eio string) *rawClient {
	t.Helper()
	conn, early, _, err := ws.Dial(t.Context(), url+"/socket.io/?EIO="+eio+"&transport=websocket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &rawClient{t: t, conn: conn, buf: make([]byte, 0, 64<<10)}
	if early != nil {
		c.buf = c.buf[:early.Buffered()]
		early.Read(c.buf)
	}
	if eio == "4" {
		c.write(text("40"))
	}
	c.until("40")
	return c
}

func text(s string) []byte { return ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(s)))) }

func binary(b []byte) []byte { return ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(b))) }

func (c *rawClient) write(frames []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(testTimeout))
	if _, err := c.conn.Write(frames); err != nil {
		c.t.Fatal(err)
	}
}

// until reads until marker has come, and returns how many bytes came before it.
func (c *rawClient) until(marker string) (before int) {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(testTimeout))
	for {
		if i := bytes.Index(c.buf, []byte(marker)); i >= 0 {
			c.buf = append(c.buf[:0], c.buf[i+len(marker):]...)
			return before + i
		}
		kept := min(len(c.buf), len(marker)-1)
		before += len(c.buf) - kept
		c.buf = append(c.buf[:0], c.buf[len(c.buf)-kept:]...)
		n, err := c.conn.Read(c.buf[len(c.buf):cap(c.buf)])
		if err != nil {
			c.t.Fatalf("%q has not come: %v", marker, err)
		}
		c.buf = c.buf[:len(c.buf)+n]
	}
}

const placeholder = `{"_placeholder":true,"num":0}`

// fill returns a message of 300,000 bytes.
func fill(head, unit, tail string) string {
	return head + strings.Repeat(unit, (300_000-len(head)-len(tail))/len(unit)) + tail
}

// floods are messages that grow on their way to the clients. Each is followed by an
// attachment, if that is not empty.
var floods = []struct {
	name, text string
	attachment []byte
	tooLong    bool // as text
	long       bool // as JSON only
}{
	{name: "a long string", text: fill(`42["chat","`, `x`, `"]`)},
	{name: "a long string of escapes", text: fill(`42["chat","`, `\u0000`, `"]`)},
	{name: "a list of numbers", text: fill(`42["chat",[[0`, `,0`, `]]]`)},
	{name: "a list of empty objects", text: fill(`42["chat",[[{}`, `,{}`, `]]]`), tooLong: true},
	{name: "a list of objects", text: fill(`42["chat",[[{}`, `,{"":0}`, `]]]`)},
	{name: "an attachment of control characters", text: `451-["chat",` + placeholder + `]`,
		attachment: make([]byte, 990_000), long: true},
	{name: "an attachment that is not UTF-8", text: `451-["chat",` + placeholder + `]`,
		attachment: bytes.Repeat([]byte{0xff}, 990_000), long: true},
	{name: "an attachment named sixteen times", text: `451-["chat",[[` + strings.Repeat(placeholder+",", 15) + placeholder + `]]]`,
		attachment: make([]byte, 990_000), tooLong: true},
	{name: "a short attachment named sixteen times", text: `451-["chat",[[` + strings.Repeat(placeholder+",", 15) + placeholder + `]]]`,
		attachment: make([]byte, 60_000), tooLong: true},
	{name: "an attachment named thousands of times", text: fill(`451-["chat",[[`+placeholder, `,`+placeholder, `]]]`),
		attachment: []byte{0}},
	{name: "numbers beside an attachment", text: fill(`451-["chat",[[`+placeholder, `,0`, `]]]`), attachment: []byte{'x'}},
	{name: "objects beside an attachment", text: fill(`451-["chat","x",[`+placeholder, `,{"":0}`, `]]`), attachment: []byte{'x'}},
}

// One message costs its listeners no more than a line of MaxLine bytes, and the node
// memory in proportion to its length. Its sender stays connected.
func TestOneMessageIsNoFlood(t *testing.T) {
	const repeat, most = 2, 20 // messages, bytes allocated for each byte received
	for _, flood := range floods {
		for _, eio := range []string{"3", "4"} {
			t.Run(flood.name+", EIO "+eio, func(t *testing.T) {
				c, url := node(t, &redis{}, nil)
				speaker, listener := newRawClient(t, url, eio), newRawClient(t, url, "3")
				message := text(flood.text)
				if len(flood.attachment) > 0 {
					head := map[string][]byte{"3": {4}, "4": nil}[eio]
					message = append(message, binary(append(head, flood.attachment...))...)
				}
				said := bytes.Repeat(message, repeat)
				end := text(`42["chat","the end"]`)
				// The listeners read from here on, or the node would wait for them.
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				heard := make(chan int)
				go func() { heard <- listener.until("the end") }()
				go func() { speaker.write(said); speaker.write(end) }()
				speaker.until("the end")
				bytesHeard := <-heard
				runtime.ReadMemStats(&after)
				if got := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(said)); got > most {
					t.Errorf("the node allocates %.1f bytes for each byte that it receives, want at most %d", got, most)
				}
				want := struct{ tooLong, long int64 }{}
				if flood.tooLong {
					want.tooLong = repeat
				}
				if flood.long {
					want.long = repeat
				}
				if s := c.Stats(); s.TooLong != want.tooLong || s.Fanout.TooLong != want.long || s.Textless != 0 {
					t.Errorf("%d lines are too long as text, %d as JSON, %d have no text; want %d, %d and 0",
						s.TooLong, s.Fanout.TooLong, s.Textless, want.tooLong, want.long)
				}
				if bytesHeard > repeat*fanout.MaxLine+1000 ||
					(bytesHeard < 1000) != (flood.tooLong || flood.long || flood.name == "objects beside an attachment") {
					t.Errorf("a listener received %d bytes", bytesHeard)
				}
			})
		}
	}
}

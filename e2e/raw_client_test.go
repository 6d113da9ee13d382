//go:build e2e

package e2e

import (
	"bufio"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tsunagu/e2e/notation"
)

// A rawClient behaves as a client of 2.x on a websocket, and can read slowly. It speaks and audits lines as testdata/client.js
// does.
type rawClient struct {
	// static after construction
	name string
	conn *net.TCPConn
	in   io.Reader

	writing sync.Mutex // held while a frame is written

	mu sync.Mutex
	// guarded by mu
	seen  []event        // as a client of the client host reports them
	heard map[string]int // last number by speaker
}

const (
	rawPingInterval = time.Second
	rawPingTimeout  = 5 * time.Second
)

// dialRaw connects a client that reads at most so many bytes a second, 0 for no limit. It disconnects at the end of the test.
func dialRaw(t *testing.T, n node, name string, perSecond int) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+n.port)
	if err != nil {
		t.Fatal(err)
	}
	c := &rawClient{name: name + " on " + n.port, conn: conn.(*net.TCPConn), heard: map[string]int{}}
	var in io.Reader = conn
	if perSecond > 0 {
		c.conn.SetReadBuffer(64 << 10) // so that what the client does not read stays with the node
		in = &throttledReader{in, time.NewTicker(10 * time.Millisecond), perSecond / 100}
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	c.in = buffered
	fmt.Fprint(conn, "GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if answer, err := http.ReadResponse(buffered, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%s: no websocket: %v, %v", c.name, answer, err)
	}
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() { c.read(stop) })
	running.Go(func() { c.ping(stop) })
	t.Cleanup(func() {
		close(stop)
		conn.Close()
		running.Wait()
	})
	return c
}

// A throttledReader reads so many bytes a tick.
type throttledReader struct {
	io.Reader
	tick    *time.Ticker
	perTick int
}

func (r *throttledReader) Read(p []byte) (int, error) {
	<-r.tick.C
	return r.Reader.Read(p[:min(len(p), r.perTick)])
}

// read takes frames until the connection ends.
func (c *rawClient) read(stop chan struct{}) {
	for {
		// This is when a client of 2.x gives up: each packet begins its patience anew.
		c.conn.SetReadDeadline(time.Now().Add(rawPingInterval + rawPingTimeout))
		first, payload, err := notation.ReadFrame(c.in)
		select {
		case <-stop:
			return
		default:
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.report("disconnect", "ping timeout")
		case err != nil:
			c.report("disconnect", err.Error())
		case first != 0x81: // a whole text message
			c.report("disconnect", fmt.Sprintf("frame % x %q", first, payload))
		default:
			c.packet(payload)
			continue
		}
		return
	}
}

func (c *rawClient) packet(payload string) {
	switch text, isEvent := strings.CutPrefix(payload, `42["chat",`); {
	case isEvent:
		var line string
		if err := json.Unmarshal([]byte(strings.TrimSuffix(text, "]")), &line); err != nil {
			c.report("wrong", fmt.Sprintf("%v: %.100q", err, payload))
			return
		}
		c.audit(line)
	case payload == "3":
		c.report("pong", "")
	case payload == "6":
		c.report("noop", "")
	case payload != "40" && payload[0] != '0':
		c.report("wrong", fmt.Sprintf("packet %.100q", payload))
	}
}

func (c *rawClient) audit(line string) {
	fields := strings.Split(line, "\t")
	if len(fields) != 5 || checksum(strings.Join(fields[:4], "\t")) != fields[4] {
		c.report("wrong", fmt.Sprintf("garbled: %.100q", line))
		return
	}
	speaker := fields[0]
	n, _ := strconv.Atoi(fields[1])
	if next := c.heard[speaker] + 1; n != next {
		c.report("wrong", fmt.Sprintf("line %d instead of %d of: %s", n, next, speaker))
	}
	c.heard[speaker] = n
	if fields[1] == fields[2] {
		c.report("complete", speaker)
	}
}

func checksum(line string) string { return fmt.Sprintf("%x", md5.Sum([]byte(line))) }

func (c *rawClient) report(name, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, event{Event: name, Value: value})
}

// ping pings as a client does that gets its answers. While the node does not read, the pings wait behind the lines.
func (c *rawClient) ping(stop chan struct{}) {
	tick := time.NewTicker(rawPingInterval)
	defer tick.Stop()
	for c.write("2") == nil {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

func (c *rawClient) write(packet string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := io.WriteString(c.conn, notation.Frame("text", packet))
	return err
}

func (c *rawClient) String() string { return c.name }

func (c *rawClient) events(_ *testing.T, names ...string) (values []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.seen {
		if slices.Contains(names, e.Event) {
			values = append(values, e.Value)
		}
	}
	return values
}

// speak speaks in the background.
func (c *rawClient) speak(t *testing.T, label string, lines, bytes int) {
	var speaking sync.WaitGroup
	random := rand.NewChaCha8([32]byte([]byte(checksum(label + c.name))))
	speaking.Go(func() {
		padding := make([]byte, bytes*3/4)
		for n := 1; n <= lines; n++ {
			random.Read(padding)
			line := fmt.Sprintf("%s, %s\t%d\t%d\t%s", label, c.name, n, lines, base64.StdEncoding.EncodeToString(padding))
			event, _ := json.Marshal([]string{"chat", line + "\t" + checksum(line)})
			if c.write("42"+string(event)) != nil {
				return // the reader reports it
			}
		}
	})
	t.Cleanup(speaking.Wait)
}

//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tsunagu/e2e/notation"
)

// soakClients is how many clients are there at a time.
const soakClients = 5000

// Clients come and go for as long as SOAK_TIME says, well and badly behaved, while Redis fails again and again. When all have
// gone the node holds what it held before: descriptors, goroutines, memory.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK_TIME") == "" {
		t.Skip("SOAK_TIME is not set: make soak")
	}
	needsTsunagu(t)
	length, err := time.ParseDuration(os.Getenv("SOAK_TIME"))
	if err != nil {
		t.Fatalf("SOAK_TIME: %v", err)
	}
	redis := startRedis(t)
	admin := "127.0.0.1:" + freePorts(t, 1)[0]
	n := startTsunagu(t, 1, "-redis", redis.url(), "-admin", admin)[0]
	before := readHoldings(t, admin)
	s := &soak{addr: "127.0.0.1:" + n.port, end: time.Now().Add(length)}
	var running sync.WaitGroup
	for i := range soakClients {
		running.Go(func() { s.clients(uint64(i)) })
	}
	s.failRedis(t, redis)
	running.Wait()
	t.Logf("%d clients came and went, %d of them were refused or cut off; %d lines were received", s.came.Load(), s.failed.Load(), s.lines.Load())
	if s.lines.Load() == 0 || s.failed.Load() > s.came.Load()/10 {
		t.Error("the clients were hardly served")
	}
	n.proc.mustRun(t)

	t.Logf("before: %+v", before)
	var after holdings
	defer func() { t.Logf("after:  %+v", after) }()
	// The longest that a client is waited for: an unread answer, a minute.
	eventually(t, 2*time.Minute, func() string {
		after = readHoldings(t, admin)
		if after.sessions > 0 || after.descriptors > before.descriptors+10 || after.goroutines > before.goroutines+10 {
			return fmt.Sprintf("the node holds %+v, and held %+v before", after, before)
		}
		return ""
	})
	// Lines are kept for a minute, at most 16 MB of them.
	if after.heap > before.heap+32<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before.heap, after.heap)
	}
}

// holdings is what a process holds.
type holdings struct{ sessions, descriptors, goroutines, heap, resident int }

// readHoldings has the process collect its garbage, and reads its metrics.
func readHoldings(t *testing.T, admin string) (h holdings) {
	t.Helper()
	httpGet(t, "http://"+admin+"/debug/pprof/heap?gc=1")
	for line := range strings.Lines(httpGet(t, "http://"+admin+"/metrics")) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, _, _ = strings.Cut(name, "{")
		value, _ := strconv.ParseFloat(text, 64)
		switch name {
		case "tsunagu_sessions":
			h.sessions += int(value)
		case "process_open_fds":
			h.descriptors = int(value)
		case "go_goroutines":
			h.goroutines = int(value)
		case "go_memstats_heap_alloc_bytes":
			h.heap = int(value)
		case "process_resident_memory_bytes":
			h.resident = int(value)
		}
	}
	return h
}

func httpGet(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

type soak struct {
	addr                string
	end                 time.Time
	came, failed, lines atomic.Int64
}

// failRedis cuts connections, and hangs or kills Redis, until the end.
func (s *soak) failRedis(t *testing.T, redis *redisServer) {
	random := rand.New(rand.NewPCG(1, 1))
	within := func(d time.Duration) <-chan time.Time { return time.After(min(d, time.Until(s.end))) }
	for {
		<-within(3*time.Second + someTime(random, 4*time.Second))
		if time.Now().After(s.end) {
			return
		}
		switch random.IntN(3) {
		case 0:
			for _, kind := range []string{"normal", "pubsub"} {
				_ = exec.Command("redis-cli", "-p", redis.port, "client", "kill", "type", kind).Run()
			}
		case 1:
			redis.proc.signal(t, syscall.SIGSTOP)
			<-within(2 * time.Second)
			redis.proc.signal(t, syscall.SIGCONT)
		case 2:
			redis.stop(t)
			<-within(time.Second)
			redis.start(t)
		}
	}
}

// someTime is a random time up to d.
func someTime(random *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(d)))
}

// clients is one client after the other, each for up to twenty seconds.
func (s *soak) clients(seed uint64) {
	random := rand.New(rand.NewPCG(2, seed))
	kinds := []func(c *soakClient, end time.Time) error{
		(*soakClient).listen, (*soakClient).listen, (*soakClient).listen, (*soakClient).poll, (*soakClient).halfRequest, (*soakClient).halfFrame,
	}
	for time.Now().Before(s.end) {
		conn, err := net.DialTimeout("tcp", s.addr, 10*time.Second)
		if err != nil {
			s.failed.Add(1)
			<-time.After(time.Second)
			continue
		}
		s.came.Add(1)
		c := &soakClient{soak: s, conn: conn.(*net.TCPConn), in: bufio.NewReaderSize(conn, 1<<10), Rand: random}
		end := time.Now().Add(someTime(random, 20*time.Second))
		if end.After(s.end) {
			end = s.end
		}
		conn.SetDeadline(end.Add(10 * time.Second))
		if err := kinds[random.IntN(len(kinds))](c, end); err != nil {
			s.failed.Add(1)
		}
		if random.IntN(2) == 0 {
			c.conn.SetLinger(0) // a reset
		}
		conn.Close()
	}
}

type soakClient struct {
	*soak
	*rand.Rand
	conn *net.TCPConn
	in   *bufio.Reader
}

func (c *soakClient) request(format string, args ...any) (*http.Response, error) {
	if _, err := fmt.Fprintf(c.conn, format, args...); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.in, nil)
}

// upgrade opens a session on a websocket, of either dialect.
func (c *soakClient) upgrade() error {
	eio := 3 + c.IntN(2)
	resp, err := c.request("GET /socket.io/?EIO=%d&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", eio)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("no websocket: %s", resp.Status)
	}
	if err == nil && eio == 4 {
		err = c.send("40")
	}
	return err
}

func (c *soakClient) send(packet string) error {
	_, err := io.WriteString(c.conn, notation.Frame("text", packet))
	return err
}

// listen reads lines, and one client in a hundred says one. Some stop reading in the middle, some send a close frame in the end.
func (c *soakClient) listen(end time.Time) error {
	if err := c.upgrade(); err != nil {
		return err
	}
	if c.IntN(100) == 0 {
		if err := c.send(`42["chat","hello"]`); err != nil {
			return err
		}
	}
	deaf := c.IntN(10) == 0
	for c.conn.SetReadDeadline(end); !deaf; {
		_, payload, err := notation.ReadFrame(c.in)
		if err != nil && time.Now().Before(end) {
			return err
		}
		if err != nil {
			break
		}
		if strings.HasPrefix(payload, "42") {
			c.lines.Add(1)
		}
	}
	<-time.After(time.Until(end))
	if c.IntN(2) == 0 {
		_, _ = io.WriteString(c.conn, notation.Frame("close", ""))
	}
	return nil
}

// poll opens a session with a poll, and polls or does not.
func (c *soakClient) poll(end time.Time) error {
	resp, err := c.request("GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s, %v", resp.Status, err)
	}
	_, after, _ := strings.Cut(string(body), `"sid":"`)
	sid, _, _ := strings.Cut(after, `"`)
	for polls := c.IntN(4); polls > 0; polls-- {
		c.conn.SetReadDeadline(end)
		resp, err := c.request("GET /socket.io/?EIO=3&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", sid)
		if err != nil {
			return nil // no line came until its end
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	<-time.After(time.Until(end))
	return nil
}

// halfRequest leaves a request unfinished: its header, or its body.
func (c *soakClient) halfRequest(end time.Time) error {
	half := []string{"GET /socket.io/?EIO=3&trans", "POST /socket.io/?EIO=3&transport=polling&sid=none HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1:"}
	_, err := io.WriteString(c.conn, half[c.IntN(len(half))])
	<-time.After(time.Until(end))
	return err
}

// halfFrame leaves a websocket message unfinished.
func (c *soakClient) halfFrame(end time.Time) error {
	if err := c.upgrade(); err != nil {
		return err
	}
	frame := notation.Frame("text", `42["chat","never"]`)
	_, err := io.WriteString(c.conn, frame[:c.IntN(len(frame))])
	<-time.After(time.Until(end))
	return err
}

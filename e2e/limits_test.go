//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// limitedClients are clients of all versions, over both transports.
var limitedClients = []struct{ version, transport string }{
	{"1.7.4", "polling"}, {"1.7.4", "websocket"}, {"2.1.1", "polling"}, {"2.1.1", "websocket"},
	{"3.1.3", "polling"}, {"3.1.3", "websocket"}, {"4.8.4", "polling"}, {"4.8.4", "websocket"},
}

// A client that is refused is told so, and connects by itself when there is room.
func TestRefusedClientsComeBack(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	for _, limit := range []string{"-max-sessions", "-max-sessions-per-address"} {
		nodes := startTsunagu(t, 2, "-redis", redis.url(), limit, "1")
		host := startClientHost(t)
		inside := host.connect(t, "2.1.1", nodes[0], "websocket")
		for _, c := range limitedClients {
			t.Run(limit+" "+c.version+" "+c.transport, func(t *testing.T) {
				waiting := host.open(t, c.version, nodes[1], c.transport) // both ports count together
				waiting.awaits(t, "connect_error", "")
				if shown := waiting.events(t, "connect_error")[0]; c.version == "4.8.4" && c.transport == "polling" && !strings.Contains(shown, "Too many sessions") {
					t.Errorf("the client shows %q, which does not say why", shown)
				}
				inside.closes(t)
				waiting.awaits(t, "connect", "")
				inside = waiting
			})
		}
	}
}

// The messages of a client that sends more than it may arrive, all, in order and later.
// It stays connected.
func TestFloodingClient(t *testing.T) {
	needsTsunagu(t)
	admin := "127.0.0.1:" + freePorts(t, 1)[0]
	n := startTsunagu(t, 1, "-redis", startRedis(t).url(), "-message-rate", "20,10", "-admin", admin)[0]
	host := startClientHost(t)
	reader := host.connect(t, "4.8.4", n, "websocket")
	for _, c := range limitedClients {
		t.Run(c.version+" "+c.transport, func(t *testing.T) {
			sender := host.connect(t, c.version, n, c.transport)
			var want []string
			before := metric(t, "http://"+admin, "tsunagu_messages_throttled_total")
			for i := range 150 { // 7 s, longer than a client of 1.x and 2.x waits for a pong
				line := fmt.Sprintf("%d from %s", i, sender)
				want = append(want, line)
				sender.chat(t, line)
			}
			reader.awaits(t, "chat", want[len(want)-1])
			// How often a POST of many packets pauses depends on the client.
			if metric(t, "http://"+admin, "tsunagu_messages_throttled_total") == before {
				t.Error("the node has not slowed the client down")
			}
			got := slices.DeleteFunc(reader.received(t), func(line string) bool { return !strings.HasSuffix(line, sender.String()) })
			if !slices.Equal(got, want) {
				t.Errorf("the other client received %q, want 150 messages in order", got)
			}
			sender.stayedConnected(t)
			sender.closes(t)
		})
	}
	reader.stayedConnected(t)
}

// Strangers who open connections and send nothing use up neither the descriptors of the
// process nor more than they are allowed. Clients inside chat on, and others come in
// when the strangers have gone.
func TestStrangersUseUpConnections(t *testing.T) {
	needsTsunagu(t)
	const descriptors, connections = 400, 240
	redis := startRedis(t)
	ports := freePorts(t, 2)
	cmd := tsunaguCommand("-host", "127.0.0.1", "-port", ports[0], "-redis", redis.url(), "-admin", "127.0.0.1:"+ports[1], "-verbose")
	cmd.Args = append([]string{"bash", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, descriptors), binary}, cmd.Args[1:]...)
	cmd.Path = mustLookPath(t, "bash")
	p := start(t, "tsunagu with few descriptors", cmd)
	p.prints(t, "listening on localhost:"+ports[0])
	n, admin := node{ports[0], p}, "http://127.0.0.1:"+ports[1]
	host := startClientHost(t)
	clients := []*client{host.connect(t, "2.1.1", n, "websocket"), host.connect(t, "4.8.4", n, "websocket")}

	var all []net.Conn
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	for range 2 * descriptors {
		c, err := net.Dial("tcp", "127.0.0.1:"+n.port)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		io.WriteString(c, "GET /socket.io/ HTTP/1.1\r\n")
	}
	wantMetric(t, admin, "tsunagu_connections", connections)
	wantMetric(t, admin, "tsunagu_connections_limit", connections)
	wantMetric(t, admin, "tsunagu_connections_refused_total", len(all)+len(clients)-connections)
	awaitLines(t, clients, chatNumbered(t, clients, "beside strangers", 20)...)
	redis.stop(t)
	redis.start(t) // the node can open connections
	awaitLines(t, clients, chatNumbered(t, clients, "with another redis", 20)...)
	for _, c := range all {
		c.Close()
	}
	clients = append(clients, host.open(t, "2.1.1", n, "websocket"))
	clients[2].awaits(t, "connect", "")
	if log := p.errout.String(); strings.Contains(log, "too many open files") {
		t.Error("the process ran out of descriptors")
	}
}

func mustLookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// wantMetric waits until a metric of the only node has a value.
func wantMetric(t *testing.T, admin, name string, want int) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		if got := metric(t, admin, name); got != fmt.Sprint(want) {
			return fmt.Sprintf("%s is %s, want %d", name, got, want)
		}
		return ""
	})
}

// metric returns the value of a metric of the one node of a process.
func metric(t *testing.T, admin, name string) string {
	t.Helper()
	for line := range strings.Lines(httpGet(t, admin+"/metrics")) {
		if strings.HasPrefix(line, name+"{") {
			return strings.Fields(line)[len(strings.Fields(line))-1]
		}
	}
	t.Fatalf("there is no metric %s", name)
	return ""
}

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The example configurations work with the programs of Debian: clients of both dialects chat through each proxy, over
// every transport and on both nodes, and come back when their node restarts.
func TestBehindProxies(t *testing.T) {
	needsTsunagu(t)
	for name, startProxy := range map[string]func(*testing.T, string, []string) *process{
		"nginx": startNginx, "HAProxy": startHAProxy,
	} {
		t.Run(name, func(t *testing.T) {
			redis, ports := startRedis(t), freePorts(t, 3)
			b := &proxiedNodes{redis: redis, ports: ports[:2], proxy: "127.0.0.1:" + ports[2]}
			for _, port := range b.ports {
				b.startNode(t, port)
			}
			p := startProxy(t, b.proxy, b.ports)
			eventually(t, waitLimit, func() string {
				p.mustRun(t)
				return checkPage("http://" + b.proxy)
			})
			clients := b.connectClients(t)
			lines := chatNumbered(t, clients, "through the proxy", 5)
			lines = append(lines, chatInTurn(t, clients, func(c *client) []string {
				return []string{fmt.Sprintf("日本語 🍣, %s", c)}
			})...)
			allReceive(t, clients, lines...)
			for _, c := range clients {
				if strings.Contains(c.name, "polling+websocket") {
					c.awaits(t, "transport", "websocket")
				}
				c.stayedConnected(t)
			}
			b.restartEach(t, clients)
		})
	}
}

// proxiedNodes are two nodes behind a proxy.
type proxiedNodes struct {
	redis *redisServer
	ports []string // of the nodes
	proxy string   // its address
	nodes []*process
}

func (b *proxiedNodes) startNode(t *testing.T, port string) {
	t.Helper()
	p := start(t, "tsunagu on "+port, tsunaguCommand("-host", "127.0.0.1", "-port", port, "-redis", b.redis.url()))
	p.prints(t, "listening on localhost:"+port)
	b.nodes = append(b.nodes, p)
}

// connectClients connects a client of each version over each transport from two addresses. At the time at which it
// chooses the addresses, the proxy sends them to different nodes.
func (b *proxiedNodes) connectClients(t *testing.T) (clients []*client) {
	t.Helper()
	host := startClientHost(t)
	found := map[string]bool{} // ports of nodes
	for i := 2; len(found) < len(b.ports); i++ {
		if i == 250 {
			t.Fatalf("the proxy sent all addresses to %v, want both of %v", found, b.ports)
		}
		frontPort := forward(t, fmt.Sprintf("127.0.0.%d", i), b.proxy)
		if owner := b.owner(t, frontPort); !found[owner] {
			found[owner] = true
			for _, version := range []string{"2.1.1", "4.8.4"} {
				for _, transports := range everyTransport {
					clients = append(clients, host.open(t, version, node{port: frontPort}, transports...))
				}
			}
		}
	}
	for _, c := range clients {
		c.awaits(t, "connect", "")
	}
	return clients
}

var handshakeSID = regexp.MustCompile(`"sid":"([^"]+)"`)

// owner opens a session through a forwarded port and returns the port of the node that knows it, after that node has closed it.
func (b *proxiedNodes) owner(t *testing.T, frontPort string) string {
	t.Helper()
	const query = "/socket.io/?EIO=3&transport=polling"
	resp, err := http.Get("http://127.0.0.1:" + frontPort + query)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	sid := handshakeSID.FindSubmatch(body)
	if err != nil || sid == nil {
		t.Fatalf("handshake through the proxy: %s, %q, %v", resp.Status, body, err)
	}
	for _, port := range b.ports {
		resp, err := http.Post("http://127.0.0.1:"+port+query+"&sid="+string(sid[1]), "text/plain", strings.NewReader("1:1"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return port
		}
	}
	t.Fatalf("no node knows session %s", sid[1])
	return ""
}

// restartEach stops and starts one node after the other. After each, all clients have to be connected again, by themselves.
func (b *proxiedNodes) restartEach(t *testing.T, clients []*client) {
	t.Helper()
	for i, port := range b.ports {
		b.nodes[i].signal(t, syscall.SIGTERM)
		if status := b.nodes[i].exits(t, waitLimit); status != 0 {
			t.Errorf("%s: exit status %d, want 0", b.nodes[i].name, status)
		}
		b.startNode(t, port)
		// A client that has not noticed yet that its connection is lost cannot receive these lines.
		prefix := fmt.Sprintf("after restart %d, ", i)
		published := 0
		eventually(t, waitLimit, func() string {
			b.redis.publish(t, fmt.Sprint(prefix, published))
			published++
			for _, c := range clients {
				if !slices.ContainsFunc(c.received(t), func(line string) bool { return strings.HasPrefix(line, prefix) }) {
					return c.name + " is not connected again"
				}
			}
			return ""
		})
	}
	lines := slices.Concat(chatNumbered(t, clients, "after restarts", 3)...)
	for _, c := range clients {
		eventually(t, waitLimit, func() string {
			received := c.received(t)
			for _, line := range lines {
				if !slices.Contains(received, line) {
					return fmt.Sprintf("%s lacks %q", c, line)
				}
			}
			return ""
		})
	}
}

// checkPage returns what is wrong with the answer to a request of the page.
func checkPage(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<!doctype html>") {
		return fmt.Sprintf("the page: %s, %q, %v", resp.Status, body, err)
	}
	return ""
}

// forward listens on a port of its own, forwards all connections to the address to from another source address, and
// returns the port.
func forward(t *testing.T, source, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			server, err := dialer.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			stop := func() { client.Close(); server.Close() }
			ended := context.AfterFunc(t.Context(), stop)
			for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
				all.Go(func() {
					_, _ = io.Copy(pair[0], pair[1]) // either end may reset its connection
					stop()
					ended()
				})
			}
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// startNginx starts nginx with the example inside a main configuration that keeps to the directory of the test.
func startNginx(t *testing.T, address string, ports []string) *process {
	t.Helper()
	dir := t.TempDir()
	site := example(t, "nginx.conf", "listen 80;", "listen "+address+";",
		"127.0.0.1:3000", "127.0.0.1:"+ports[0], "127.0.0.1:3001", "127.0.0.1:"+ports[1])
	// With a master process, its workers would outlive a killed master.
	main := "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n\taccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += fmt.Sprintf("\t%s_temp_path %s;\n", kind, kind)
	}
	main += "\tinclude site.conf;\n}\n"
	writeFile(t, filepath.Join(dir, "site.conf"), site)
	writeFile(t, filepath.Join(dir, "nginx.conf"), main)
	return start(t, "nginx", exec.Command(sbin(t, "nginx"), "-p", dir, "-e", "stderr", "-c", "nginx.conf"))
}

func startHAProxy(t *testing.T, address string, ports []string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	writeFile(t, file, example(t, "haproxy.cfg", "bind :80", "bind "+address,
		"127.0.0.1:3000", "127.0.0.1:"+ports[0], "127.0.0.1:3001", "127.0.0.1:"+ports[1]))
	return start(t, "HAProxy", exec.Command(sbin(t, "haproxy"), "-db", "-f", file))
}

// The systemd unit holds no setting that systemd does not know.
func TestSystemdUnit(t *testing.T) {
	needsTsunagu(t)
	file := filepath.Join(t.TempDir(), "tsunagu@3000.service")
	writeFile(t, file, example(t, "tsunagu@.service", "/usr/local/bin/tsunagu", binary))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput()
	if err != nil || len(out) > 0 { // an unknown setting is a warning
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// The kernel knows the settings in the example.
func TestKernelSettings(t *testing.T) {
	for line := range strings.Lines(example(t, "sysctl.conf")) {
		name, _, is := strings.Cut(line, " = ")
		if !is || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := os.Stat("/proc/sys/" + strings.ReplaceAll(name, ".", "/")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// example reads a file of docs/examples with texts replaced that occur in it exactly once: old, new, old, new...
func example(t *testing.T, name string, replacements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../docs/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replacements); i += 2 {
		if n := strings.Count(string(content), replacements[i]); n != 1 {
			t.Fatalf("%s has %q %d times, want once", name, replacements[i], n)
		}
	}
	return strings.NewReplacer(replacements...).Replace(string(content))
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sbin finds a program where Debian installs servers. It is not in everybody's PATH.
func sbin(t *testing.T, name string) string {
	t.Helper()
	for _, name := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing: run `make tools`", name)
	return ""
}

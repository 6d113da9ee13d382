//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
)

var consoleBlock = regexp.MustCompile("(?s)```console\n\\$ go run \\.([^\n]*)\n(.*?)```")

// The console sessions of the README work as shown: each command prints what stands below it, and all ports that it
// prints are one chat.
func TestReadme(t *testing.T) {
	needsNoRedis(t)
	sessions := consoleBlock.FindAllStringSubmatch(readText(t, "../README.md"), -1)
	if len(sessions) < 2 {
		t.Fatalf("the README shows %d sessions, want at least 2", len(sessions))
	}
	var nodes []node
	for _, s := range sessions {
		var ports []string
		for line := range strings.Lines(s[2]) {
			var port int
			if _, err := fmt.Sscanf(line, "listening on localhost:%d", &port); err != nil {
				t.Fatalf("the README promises %q, which the test cannot check", line)
			}
			ports = append(ports, fmt.Sprint(port))
			needsFree(t, port)
		}
		p := start(t, "go run ."+s[1], tsunaguCommand(strings.Fields(s[1])...))
		for _, port := range ports {
			p.prints(t, "listening on localhost:"+port)
			nodes = append(nodes, node{port, p})
		}
	}
	host := startClientHost(t)
	var clients []*client
	for _, n := range nodes {
		clients = append(clients, host.connect(t, "2.1.1", n, "polling", "websocket"))
	}
	sequences := chatNumbered(t, clients, "hello", 3)
	allReceive(t, clients, sequences...)
}

func needsFree(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		t.Fatalf("port %d of the README is taken: stop the program that listens there, and run the test again", port)
	}
	l.Close()
}

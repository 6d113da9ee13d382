//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
)

var consoleBlock = regexp.MustCompile("(?s)```console\n\\$ go run \\.([^\n]*)\n(.*?)```")

// The README's sessions, as they are written: the commands one after the other, each of which then says what stands
// below it; and then all the ports that were named are one chat.
func TestReadme(t *testing.T) {
	needsNoRedis(t)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sessions := consoleBlock.FindAllStringSubmatch(string(text), -1)
	if len(sessions) < 2 {
		t.Fatalf("the README shows %d sessions, want at least 2", len(sessions))
	}
	var nodes []node
	for _, s := range sessions {
		var ports []string
		for line := range strings.Lines(s[2]) {
			var port int
			if _, err := fmt.Sscanf(line, "listening on localhost:%d", &port); err != nil {
				t.Fatalf("the README promises %q, which no test can judge", line)
			}
			ports = append(ports, fmt.Sprint(port))
			needsFree(t, port)
		}
		p := start(t, "go run ."+s[1], tsunaguCommand(strings.Fields(s[1])...))
		for _, port := range ports {
			p.says(t, "listening on localhost:"+port)
			nodes = append(nodes, node{port, p})
		}
	}
	hall := startHall(t)
	var clients []*client
	for _, n := range nodes {
		clients = append(clients, hall.join(t, "2.1.1", n, "polling", "websocket"))
	}
	speeches := talk(t, clients, func(c *client) []string { return numbered(c, "hello", 3) })
	everyoneHears(t, clients, speeches...)
}

func needsFree(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		t.Fatalf("the README's port %d is taken; stop who listens there, and run the test again", port)
	}
	l.Close()
}

//go:build e2e

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"tsunagu/internal/bridge"
)

// The published clients see what the profiles promise.
func TestJavaScriptClients(t *testing.T) {
	for _, test := range []struct{ profile, script string }{
		{"sioc2", "testdata/socketio.js"},
		{"eioc3", "testdata/engineio.js"},
	} {
		s := run(t, profiles[test.profile])
		url := strings.TrimSuffix(s.url, profiles[test.profile].path+"?")
		for _, client := range []string{"client-2.1.1", "client-4.8.4"} {
			for _, transports := range []string{"websocket", "polling", "polling,websocket"} {
				t.Run(test.script+" "+client+" "+transports, func(t *testing.T) {
					runNode(t, test.script, url, client, transports)
				})
			}
		}
	}
}

// A blocked handler stops the reading from its client at some point, and the client
// stays connected for many times its timeout.
func TestJavaScriptClientsOfABlockedHandler(t *testing.T) {
	for _, client := range []string{"client-2.1.1", "client-4.8.4"} {
		for _, transports := range []string{"websocket", "polling", "polling,websocket"} {
			t.Run(client+" "+transports, func(t *testing.T) {
				released := make(chan struct{})
				release := sync.OnceFunc(func() { close(released) })
				p := profile{path: "/socket.io/", engine: timing(300*time.Millisecond, time.Second),
					bridge: bridge.Config{MaxQueue: 10_000}}
				p.register = func(srv *bridge.Server) {
					srv.OnEvent("/", "block", func(*bridge.Conn, bridge.Args) []any { <-released; return nil })
					srv.OnEvent("/", "echo", func(_ *bridge.Conn, args bridge.Args) []any { return []any{args.JSON(0)} })
					srv.OnEvent("/", "release", func(_ *bridge.Conn, args bridge.Args) []any {
						if string(args.JSON(0)) != "0" {
							t.Errorf("%s events were handled while the handler was blocked", args.JSON(0))
						}
						release()
						return nil
					})
				}
				s := run(t, p)
				defer release() // the server waits for the handler
				runNode(t, "testdata/blocked.js", strings.TrimSuffix(s.url, "/socket.io/?"), client, transports)
			})
		}
	}
}

// runNode runs a script, which says what is wrong.
func runNode(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	node := exec.CommandContext(ctx, "node", args...)
	node.Env = append(os.Environ(), "NODE_PATH=../node_modules")
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

//go:build e2e

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
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
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					defer cancel()
					node := exec.CommandContext(ctx, "node", test.script, url, client, transports)
					node.Env = append(os.Environ(), "NODE_PATH=../node_modules")
					if out, err := node.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{"an unknown flag", []string{"-prot", "3000"}, nil, "prot"},
		{"an argument", []string{"3000"}, nil, `"3000"`},
		{"a port that is no number", []string{"-port", "3000,x"}, nil, `"x"`},
		{"a port too large", []string{"-port", "65536"}, nil, "65536"},
		{"no port at all", []string{"-port", ","}, nil, "port"},
		{"a bad port in the environment", nil, map[string]string{"PORT": "-1"}, "-1"},
		{"an unknown client version", []string{"-clients", "3"}, nil, `"3"`},
		{"a bad choice of io_uring", []string{"-io-uring", "on"}, nil, "auto or off"},
		{"a bad choice in the environment", nil, map[string]string{"IO_URING": "1"}, "auto or off"},
		{"a relay that is none", []string{"-relay", "stream"}, nil, `"stream"`},
		{"a buffer that is none", []string{"-buffer", "16M"}, nil, `"16M"`},
		{"a buffer too small", []string{"-buffer", "10"}, nil, `"10"`},
		{"a drain that is no duration", []string{"-drain", "10"}, nil, "10s"},
		{"a drain of nothing", nil, map[string]string{"DRAIN": "0s"}, `"0s"`},
		{"a maximum of a message that is none", []string{"-max-message", "1MB"}, nil, `max-message "1MB"`},
		{"a maximum of a message too small", []string{"-max-message", "999"}, nil, "at least 1000"},
		{"a negative number of sessions", []string{"-max-sessions", "-1"}, nil, `max-sessions "-1"`},
		{"too large a number of sessions", []string{"-max-sessions", "99999999999999999999"}, nil, "max-sessions"},
		{"a number of sessions that is none", nil, map[string]string{"MAX_SESSIONS_PER_ADDRESS": "x"}, `max-sessions-per-address "x"`},
		{"a rate that is none", []string{"-message-rate", "10/s"}, nil, `message-rate "10/s"`},
		{"a burst that is none", nil, map[string]string{"HANDSHAKE_RATE": "10,x"}, `handshake-rate "10,x"`},
		{"a proxy without an address", []string{"-trust-proxy", "nginx"}, nil, `trust-proxy "nginx"`},
		{"an origin with a path", []string{"-origins", "https://chat.example/"}, nil, `origins "https://chat.example/"`},
		{"a format of the log that is none", []string{"-log", "xml"}, nil, "json or text"},
		{"an admin address without a port", []string{"-admin", "localhost"}, nil, "localhost:9090"},
		{"such an address in the environment", nil, map[string]string{"ADMIN": "9090"}, "localhost:9090"},
		{"a bad URL", []string{"-redis", "http://u:hunter2@x"}, nil, "redis://"},
		{"a bad URL in the environment", nil, map[string]string{"REDIS_URL": "redis://u:hunter2@x:y"}, "redis://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), c.args, environment(c.env), &stdout, &stderr)
			got := stderr.String()
			if status != exitUsage {
				t.Errorf("exit status %d, want %d", status, exitUsage)
			}
			if strings.Count(got, "\n") != 1 || !strings.Contains(got, c.want) || !strings.Contains(got, "-help") {
				t.Errorf("stderr is %q, want one line about %s that names -help", got, c.want)
			}
			if strings.Contains(got, "hunter2") || stdout.Len() > 0 {
				t.Errorf("stderr is %q and stdout %q, want no password and no output", got, stdout.String())
			}
		})
	}
}

func TestHelpShowsNoPassword(t *testing.T) {
	var stderr bytes.Buffer
	env := environment(map[string]string{"REDIS_URL": "redis://:hunter2@localhost"})
	if status := run(t.Context(), []string{"-help"}, env, io.Discard, &stderr); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	help := stderr.String()
	for _, want := range []string{"-port", "PORT", "-host", "HOST", "-redis", "REDIS_URL"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help does not mention %s", want)
		}
	}
	if strings.Contains(help, "hunter2") {
		t.Error("the help shows the password from the environment")
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	var stderr bytes.Buffer
	args := []string{"-host", "127.0.0.1", "-port", "0," + port, "-redis", "redis://127.0.0.1:1"}
	if status := run(t.Context(), args, environment(nil), io.Discard, &stderr); status != exitFailure {
		t.Errorf("exit status %d, want %d", status, exitFailure)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, port) {
		t.Errorf("stderr is %q, want one line that names port %s", got, port)
	}
}

func TestNodes(t *testing.T) {
	redis := miniredis.RunT(t)
	for _, c := range []struct{ name, url string }{
		{"with Redis", "redis://" + redis.Addr()},
		{"without", "redis://127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			out, stdout := io.Pipe()
			status := make(chan int, 1)
			go func() {
				env := environment(map[string]string{"PORT": "0,0", "HOST": "127.0.0.1", "REDIS_URL": c.url})
				status <- run(ctx, nil, env, stdout, io.Discard)
				stdout.Close()
			}()
			lines := bufio.NewScanner(out)
			for range 2 {
				lines.Scan()
				var port int
				if _, err := fmt.Sscanf(lines.Text(), "listening on localhost:%d", &port); err != nil {
					t.Fatalf("stdout is %q, want the address of a node", lines.Text())
				}
				checkServes(t, port)
				url := fmt.Sprintf("http://127.0.0.1:%d", port)
				if status, output := check(t, url); status != 0 || output != "" {
					t.Errorf("-check %s: exit status %d, output %q; want 0 and no output", url, status, output)
				}
			}
			stop()
			if lines.Scan() {
				t.Errorf("unexpected line %q on stdout", lines.Text())
			}
			if got := <-status; got != 0 {
				t.Errorf("exit status %d, want 0", got)
			}
		})
	}
}

// The admin server has all nodes of the process, on a listener of its own.
func TestAdmin(t *testing.T) {
	redis := miniredis.RunT(t)
	ctx, stop := context.WithCancel(t.Context())
	logged, stderr := io.Pipe()
	status := make(chan int, 1)
	go func() {
		args := []string{"-port", "0,0", "-host", "127.0.0.1", "-redis", "redis://" + redis.Addr(), "-admin", "127.0.0.1:0", "-log", "json"}
		status <- run(ctx, args, environment(nil), io.Discard, stderr)
		stderr.Close()
	}()
	log := json.NewDecoder(logged)
	var url string
	for serving := 0; url == "" || serving < 2; {
		var entry struct{ Msg, URL string }
		if err := log.Decode(&entry); err != nil {
			t.Fatalf("the log ended before both nodes served, or is no JSON: %v", err)
		}
		switch entry.Msg {
		case "admin server listening":
			url = entry.URL
		case "serving":
			serving++
		}
	}
	go io.Copy(io.Discard, io.MultiReader(log.Buffered(), logged)) // ends with the program
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) string {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); get("readyz") != "ready\n"; {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("after 20 s the process is not ready: %s", get("readyz"))
		}
	}
	for path, want := range map[string]string{"metrics": "\ntsunagu_ready{node=", "": "<title>Tsunagu</title>"} {
		if body := get(path); !strings.Contains(body, want) {
			t.Errorf("/%s answered %d bytes without %q", path, len(body), want)
		}
	}
	stop()
	if got := <-status; got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

func checkServes(t *testing.T, port int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]string{
		"/":                                   "<!doctype html>",
		"/socket.io/?EIO=3&transport=polling": `"upgrades":["websocket"]`,
	} {
		resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", port, path))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("the answer to %s is %q, want one with %q", path, body, want)
		}
	}
}

// check runs -check. The settings of a node are invalid, because -check ignores them.
func check(t *testing.T, url string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	env := environment(map[string]string{"PORT": "x", "REDIS_URL": "y"})
	status = run(t.Context(), []string{"-check", url}, env, &out, &out)
	return status, out.String()
}

func TestCheckFails(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:1": "refused",
		"127.0.0.1:3000":     "want a URL",
		"":                   "want a URL",
	} {
		status, output := check(t, url)
		if status != exitFailure || strings.Count(output, "\n") != 1 || !strings.Contains(output, want) {
			t.Errorf("-check %q: exit status %d, output %q; want %d and one line about %q", url, status, output, exitFailure, want)
		}
	}
}

// Data flows in one direction, and so do imports. docs/architecture.md has the same
// table.
func TestDirections(t *testing.T) {
	const goSocketIO, goRedis, websocket = "github.com/googollee/go-socket.io", "github.com/redis/go-redis/v9", "github.com/gobwas/ws"
	const rate = "golang.org/x/time/rate"
	allowed := map[string][]string{
		"tsunagu/adapter":         {goRedis},
		"tsunagu/static":          {},
		"tsunagu/internal/packet": {},
		"tsunagu/internal/uring":  {},
		"tsunagu/internal/panics": {},
		"tsunagu/internal/fanout": {"tsunagu/internal/histogram", "tsunagu/internal/packet", "tsunagu/internal/panics", "tsunagu/internal/uring"},
		"tsunagu/internal/engine": {"tsunagu/internal/packet", "tsunagu/internal/panics", websocket, rate},
		"tsunagu/internal/limit":  {"tsunagu/internal/engine", rate},
		"tsunagu/internal/bridge": {"tsunagu/internal/packet", "tsunagu/internal/panics", "tsunagu/internal/engine", goSocketIO},
		"tsunagu/internal/chat":   {"tsunagu/adapter", "tsunagu/internal/bridge", "tsunagu/internal/engine", "tsunagu/internal/fanout", "tsunagu/internal/histogram", "tsunagu/internal/panics"},
		"tsunagu/internal/broker": {"github.com/alicebob/miniredis/v2"},
		"tsunagu/internal/health": {"tsunagu/internal/packet"},
		"tsunagu/internal/web":    {"tsunagu/internal/panics"},
		// The wiring of a node, like main.
		"tsunagu/internal/node": {"tsunagu", goRedis},
		// The program of go generate.
		"tsunagu/static/internal/fetch": {},
		// What an operator is shown.
		"tsunagu/internal/histogram": {},
		"tsunagu/internal/cluster":   {"tsunagu/internal/panics", goRedis},
		"tsunagu/internal/admin":     {"tsunagu/internal/histogram", "tsunagu/internal/panics", "github.com/prometheus/client_golang/prometheus"},
		"tsunagu/internal/report": {"tsunagu/adapter", "tsunagu/internal/admin", "tsunagu/internal/bridge", "tsunagu/internal/chat", "tsunagu/internal/cluster",
			"tsunagu/internal/engine", "tsunagu/internal/limit", "tsunagu/internal/panics", goRedis},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./adapter/...", "./static/...", "./internal/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		may, known := allowed[fields[0]]
		if !known {
			t.Errorf("%s is not in the table of packages", fields[0])
		}
		for _, imported := range fields[1:] {
			first, _, _ := strings.Cut(imported, "/")
			standard := first != "tsunagu" && !strings.Contains(first, ".")
			within := func(pkg string) bool { return imported == pkg || strings.HasPrefix(imported, pkg+"/") }
			if !standard && !slices.ContainsFunc(may, within) {
				t.Errorf("%s imports %s, which the table does not allow", fields[0], imported)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"-version"}, environment(nil), &stdout, &stderr)
	want := regexp.MustCompile(`^tsunagu \S+, commit \S+(, modified)?, go\S+( .*)?\n$`)
	if status != 0 || !want.MatchString(stdout.String()) || stderr.Len() > 0 {
		t.Errorf("-version: exit status %d, stdout %q, stderr %q; want 0 and one line that matches %s", status, stdout.String(), stderr.String(), want)
	}
}

// The README's table of flags matches -help.
func TestReadmeFlags(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile("(?m)^\\| `-([\\w-]+)` \\| (?:`(\\w+)` )?\\|\\s*`?([^`|]*?)`?\\s*\\|").FindAllStringSubmatch(string(text), -1)
	var stderr bytes.Buffer
	run(t.Context(), []string{"-help"}, environment(nil), io.Discard, &stderr)
	flags := regexp.MustCompile(`(?m)^  -([\w-]+)`).FindAllStringSubmatch(stderr.String(), -1)
	if len(flags) != len(documented) {
		t.Errorf("the program has %d flags, the README's table %d", len(flags), len(documented))
	}
	for _, d := range documented {
		help := regexp.MustCompile(`(?s)\n  -` + d[1] + `.*?(\n  -|$)`).FindString("\n" + stderr.String())
		if named := regexp.MustCompile(`\(([A-Z_]+)\)|$`).FindStringSubmatch(help)[1]; named != d[2] {
			t.Errorf("the variable of -%s is %q, in the README %q; its help is %q", d[1], named, d[2], help)
		}
		if d[3] != "" && !strings.Contains(help, fmt.Sprintf("(default %q)", d[3])) {
			t.Errorf("the default of -%s is not %s; its help is %q", d[1], d[3], help)
		}
	}
}

//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A process that a test started. It is killed at the end of the test.
type process struct {
	name        string
	cmd         *exec.Cmd
	out, errout transcript
	done        chan struct{} // closed when it has ended
}

// start runs cmd until the test ends. Its output is shown if the test fails.
func start(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.errout
	cmd.WaitDelay = 2 * time.Second
	if err := launch(cmd); err != nil {
		t.Fatalf("%s does not start: %v", name, err)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // the tests judge the ProcessState
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s printed on standard output:\n%s\nand on standard error:\n%s", name, p.out.tail(), p.errout.tail())
		}
	})
	return p
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// prints waits for a line on standard output.
func (p *process) prints(t *testing.T, line string) {
	t.Helper()
	eventually(t, waitLimit, func() string {
		switch {
		case p.out.hasLine(line):
			return ""
		case p.ended():
			t.Fatalf("%s ended (%v) and never printed %q", p.name, p.cmd.ProcessState, line)
		}
		return fmt.Sprintf("%s has not printed %q", p.name, line)
	})
}

// exits waits for the end and returns the exit status, -1 for a signal.
func (p *process) exits(t *testing.T, within time.Duration) int {
	t.Helper()
	eventually(t, within, func() string {
		if p.ended() {
			return ""
		}
		return p.name + " is still running"
	})
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("%v to %s: %v", sig, p.name, err)
	}
}

// mustRun fails if the process has ended.
func (p *process) mustRun(t *testing.T) {
	t.Helper()
	if p.ended() {
		t.Fatalf("%s ended: %v", p.name, p.cmd.ProcessState)
	}
}

// A transcript is what a process wrote so far.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *transcript) String() string { return s.from(0) }

// from is what was written after the first n bytes.
func (s *transcript) from(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.buf.Bytes()[n:])
}

func (s *transcript) hasLine(line string) bool {
	return strings.Contains("\n"+s.String(), "\n"+line+"\n")
}

func (s *transcript) tail() string {
	const most = 16 << 10
	all := s.String()
	if len(all) > most {
		return "..." + all[len(all)-most:]
	}
	return all
}

// freePorts finds n ports that nobody listens on. They are held until all are found, so they differ.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// mustOutput runs a short command to its end.
func mustOutput(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %q: %v\n%s", name, args, err, exit.Stderr)
		}
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}

package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// redisVariable makes the test binary a process of one node. It names the Redis.
const redisVariable = "TSUNAGU_TEST_NODE_REDIS"

func TestMain(m *testing.M) {
	if addr := os.Getenv(redisVariable); addr != "" {
		if err := nodeProcess(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// A processReport is the last thing that a process of a node writes.
type processReport struct {
	Failure  string // panics and errors from the log, or goroutines that are left
	Sessions int
	Memory   uint64 // most bytes taken from the operating system, beyond those at the start
}

// nodeProcess serves a node until its standard input ends. It writes its address, and in the end a report.
func nodeProcess(redisAddr string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	goroutines, memory := goleak.IgnoreCurrent(), systemMemory()
	panics := &panicLog{}
	n := New(Config{Redis: &redis.Options{Addr: redisAddr}, Logger: slog.New(panics)})
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	n.Serve(ctx, l, func() { fmt.Println(l.Addr()) })
	r := processReport{Sessions: n.engine.Len(), Memory: systemMemory() - memory}
	if err := errors.Join(panics.check(), goleak.Find(goroutines)); err != nil {
		r.Failure = err.Error()
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// systemMemory never falls: what the garbage collector has given back still counts.
func systemMemory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// startProcess starts a node in a process of its own, so that the test's memory is not the node's.
func startProcess(t *testing.T) (dial func() (net.Conn, error), stop func() processReport) {
	t.Helper()
	redis := miniredis.RunT(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), redisVariable+"="+redis.Addr())
	var failure strings.Builder
	cmd.Stderr = &failure
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	addr, err := out.ReadString('\n')
	if err != nil {
		cmd.Wait()
		t.Fatalf("the node did not start: %v, %s", err, failure.String())
	}
	dial = func() (net.Conn, error) { return net.Dial("tcp", strings.TrimSpace(addr)) }
	return dial, func() (r processReport) {
		stdin.Close()
		err := json.NewDecoder(out).Decode(&r)
		if waited := cmd.Wait(); err != nil || waited != nil {
			t.Errorf("the node's process ended with %v: %v\n%s", waited, err, failure.String())
		}
		return r
	}
}

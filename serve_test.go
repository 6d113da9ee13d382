package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// A brittleListener fails in Accept, or blocks in Close, if it is told to.
type brittleListener struct {
	net.Listener
	accept  func() error  // nil: as the Listener does
	release chan struct{} // Close waits for it; nil: it does not wait
}

func (l *brittleListener) Accept() (net.Conn, error) {
	if l.accept != nil {
		return nil, l.accept()
	}
	return l.Listener.Accept()
}

func (l *brittleListener) Close() error {
	err := l.Listener.Close()
	if l.release != nil {
		<-l.release
	}
	return err
}

// brittleListeners opens three listeners: for two nodes and the admin server.
func brittleListeners(t *testing.T) (all [3]*brittleListener, listeners []net.Listener) {
	t.Helper()
	for i := range all {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		all[i] = &brittleListener{Listener: l}
		listeners = append(listeners, all[i])
	}
	return all, listeners
}

func serveOptions(t *testing.T) options {
	opts := options{ports: []int{1, 2}, admin: "an address"}
	opts.node.Redis = &redis.Options{Addr: miniredis.RunT(t).Addr()}
	opts.node.Drain = 10 * time.Second
	return opts
}

// If any listener fails the whole process ends in order, with an error.
func TestListenerFails(t *testing.T) {
	for i, name := range []string{"first node", "second node", "admin server"} {
		t.Run(name, func(t *testing.T) {
			all, listeners := brittleListeners(t)
			broken := errors.New("on purpose")
			all[i].accept = func() error { return broken }
			var stderr bytes.Buffer
			log := slog.New(slog.NewTextHandler(&stderr, nil))
			if err := serve(t.Context(), listeners, serveOptions(t), log, io.Discard); !errors.Is(err, broken) {
				t.Errorf("serve returned %v, want %v", err, broken)
			}
			if got := stderr.String(); strings.Count(got, "msg=stopped") != 2 || !strings.Contains(got, "a listener failed") {
				t.Errorf("the log does not tell that a listener failed and both nodes stopped: %s", got)
			}
			for _, l := range listeners {
				if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
					c.Close()
					t.Errorf("%s still accepts connections", l.Addr())
				}
			}
		})
	}
}

// Nothing outlasts -drain: not even a listener whose Close blocks.
func TestDrainDeadline(t *testing.T) {
	all, listeners := brittleListeners(t)
	all[0].release = make(chan struct{})
	opts := serveOptions(t)
	opts.node.Drain = 2 * time.Second
	ctx, stop := context.WithCancel(t.Context())
	var stderr lockedBuffer
	served := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(&stderr, nil))
	go func() { served <- serve(ctx, listeners, opts, log, io.Discard) }()
	stop()
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("serve returned %v, want no error", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("serve has not returned after 20 s")
	}
	if !strings.Contains(stderr.String(), "not complete") {
		t.Errorf("the log does not tell that the shutdown was cut short: %s", stderr.String())
	}
	close(all[0].release)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); strings.Count(stderr.String(), "msg=stopped") < 2; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("the nodes have not stopped: %s", stderr.String())
		}
	}
}

// The first signal stops the process in order, the second at once.
func TestSignals(t *testing.T) {
	for sig, want := range map[os.Signal]int{syscall.SIGTERM: 143, os.Interrupt: 130} {
		var stopped atomic.Bool
		signals, status := make(chan os.Signal), make(chan int, 1)
		go stopOn(signals, func() { stopped.Store(true) }, func(s int) { status <- s })
		signals <- syscall.SIGTERM
		signals <- sig
		if got := <-status; got != want || !stopped.Load() {
			t.Errorf("after a second signal, %v, the exit status is %d and the stop began: %t; want %d and true", sig, got, stopped.Load(), want)
		}
	}
}

// A lockedBuffer can be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

package panics

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// breakDown is a name to look for in a stack.
func breakDown(r *Recorder, v any, cleanup func()) {
	defer r.Recover(Timer, cleanup)
	panic(v)
}

func TestRecover(t *testing.T) {
	var log bytes.Buffer
	r := New(slog.New(slog.NewTextHandler(&log, nil)))
	cleaned := 0
	breakDown(r, "boom", func() { cleaned++ })
	breakDown(r, "boom", nil)
	if got := r.Counts()[Timer]; got != 2 || cleaned != 1 {
		t.Errorf("%d panics were counted and %d cleanups ran, want 2 and 1", got, cleaned)
	}
	for _, want := range []string{"boom", "place=timer", "breakDown"} {
		if strings.Count(log.String(), want) < 2 {
			t.Errorf("the log does not name %q twice: %s", want, log.String())
		}
	}
	func() { defer r.Recover(Request, func() { t.Error("a cleanup ran without a panic") }) }()
	if got, known := r.Counts()[Request]; got != 0 || !known {
		t.Errorf("%d panics were counted without one, and the place is known: %t", got, known)
	}
}

// A nil Recorder recovers and cleans up all the same.
func TestNilRecorder(t *testing.T) {
	cleaned := 0
	breakDown(nil, "boom", func() { cleaned++; panic("again") })
	if cleaned != 1 {
		t.Errorf("%d cleanups ran, want 1", cleaned)
	}
}

func TestCleanupPanics(t *testing.T) {
	r := New(nil)
	breakDown(r, "boom", func() { panic("again") })
	if got := r.Counts()[Timer]; got != 2 {
		t.Errorf("%d panics were counted, want that of the cleanup as well", got)
	}
}

// A handler that aborts its request panics on purpose.
func TestAbortHandler(t *testing.T) {
	r := New(nil)
	for want, f := range map[int64]func(){
		0: func() { breakDown(r, http.ErrAbortHandler, nil) },
		1: func() { breakDown(r, "boom", func() { panic(http.ErrAbortHandler) }) },
	} {
		before := r.Counts()[Timer]
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler {
					t.Errorf("the panic went on with %v, want http.ErrAbortHandler", v)
				}
			}()
			f()
		}()
		if got := r.Counts()[Timer] - before; got != want {
			t.Errorf("%d panics were counted, want %d", got, want)
		}
	}
}

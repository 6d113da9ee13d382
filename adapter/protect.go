package adapter

import (
	"errors"
	"runtime/debug"
)

// errPanic ends what was under way when something panicked: the connection to Redis,
// which begins anew.
var errPanic = errors.New("panic, see the log")

// protect runs f and turns a panic in it into an error. The process goes on, whatever
// Redis sends.
func (a *Adapter) protect(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errPanic
			a.count.panics.Add(1)
			a.cfg.Logger.Error("panic while handling what redis sent; please report it", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	return f()
}

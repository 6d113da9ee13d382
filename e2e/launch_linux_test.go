//go:build e2e

package e2e

import (
	"os/exec"
	"runtime"
	"syscall"
)

var launches = make(chan func())

// The kernel kills a child with the thread that started it. One thread that never ends starts them all:
// so nothing is left behind even where the test is killed, and nothing dies early.
func init() {
	go func() {
		runtime.LockOSThread()
		for f := range launches {
			f()
		}
	}()
}

func launch(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	done := make(chan error)
	launches <- func() { done <- cmd.Start() }
	return <-done
}

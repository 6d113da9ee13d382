//go:build e2e

package e2e

import (
	"os/exec"
	"runtime"
	"syscall"
)

var launches = make(chan func())

// With Pdeathsig the kernel kills a child when the thread that started it ends. One thread starts all processes and
// never ends, so none dies early, and none survives a test that is killed.
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

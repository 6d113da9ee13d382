//go:build e2e && !linux

package e2e

import "os/exec"

func launch(cmd *exec.Cmd) error { return cmd.Start() }

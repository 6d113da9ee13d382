//go:build e2e && !linux

package e2e

import (
	"os/exec"
	"testing"
)

func (s *stage) command(t *testing.T, _, _ []string) *exec.Cmd {
	t.Helper()
	t.Skip("images are for Linux")
	return nil
}

func runsAsUser(*testing.T, *process, string) {}

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// command runs in the image: with its files only, and as its user. That takes root: without it, the files are those of
// the machine.
func (s *stage) command(t *testing.T, words, env []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = env
	if os.Geteuid() != 0 {
		cmd.Path = s.at(words[0])
		return cmd
	}
	var user syscall.Credential
	if _, err := fmt.Sscanf(s.user, "%d:%d", &user.Uid, &user.Gid); err != nil {
		t.Fatalf("USER %s: %v", s.user, err)
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Credential: &user}
	return cmd
}

func runsAsUser(t *testing.T, p *process, user string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Log("not root, so the image ran as this user and with the files of this machine")
		return
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	uid, _, _ := strings.Cut(user, ":")
	if !strings.Contains(string(status), "\nUid:\t"+uid+"\t"+uid+"\t") {
		t.Errorf("the node does not run as %s:\n%s", user, status)
	}
}

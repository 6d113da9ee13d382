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

// command is a command in the image: with its files, as its user, and nothing else. Only root can do that; for
// others the files are those of the machine.
func (i *builtStage) command(t *testing.T, words, env []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = env
	if os.Geteuid() != 0 {
		cmd.Path = i.at(words[0])
		return cmd
	}
	var user syscall.Credential
	if _, err := fmt.Sscanf(i.user, "%d:%d", &user.Uid, &user.Gid); err != nil {
		t.Fatalf("USER %s: %v", i.user, err)
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root, Credential: &user}
	return cmd
}

func runsAsUser(t *testing.T, p *process, user string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Logf("not root, so the image ran as this user and with this machine's files")
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

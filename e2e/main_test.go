//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Where things are, set once by TestMain.
var (
	binary  string // the built tsunagu
	modules string // e2e/node_modules
)

// againstSeed: the original servers stand where ours would.
var againstSeed = os.Getenv("E2E_TARGET") == "seed"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	here, err := os.Getwd()
	if err != nil {
		return complain(err)
	}
	modules = filepath.Join(here, "node_modules")
	if _, err := os.Stat(modules); err != nil {
		return complain("no node_modules: run `make test`, or `npm ci` in e2e")
	}
	for _, program := range []string{"redis-server", "redis-cli", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			return complain(err)
		}
	}
	if againstSeed {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "tsunagu-e2e-")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tsunagu")
	// Without the version control stamp: a checkout that belongs to somebody else would fail on it.
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "tsunagu")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return complain("building tsunagu: ", err)
	}
	return m.Run()
}

func complain(why ...any) int {
	fmt.Fprintln(os.Stderr, "e2e: "+fmt.Sprint(why...))
	return 1
}

// needsTsunagu skips a test of something that the original cannot do, if it is the original that is asked.
func needsTsunagu(t *testing.T) {
	t.Helper()
	if againstSeed {
		t.Skip("E2E_TARGET=seed: the original cannot do this")
	}
}

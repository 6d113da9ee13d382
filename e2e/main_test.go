//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Paths that TestMain sets.
var (
	binary  string // the built tsunagu
	modules string // e2e/node_modules
)

// againstSeed puts the original servers in the place of ours.
var againstSeed = os.Getenv("E2E_TARGET") == "seed"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	here, err := os.Getwd()
	if err != nil {
		return fail(err)
	}
	modules = filepath.Join(here, "node_modules")
	if _, err := os.Stat(modules); err != nil {
		return fail("no node_modules: run `make test`, or `npm ci` in e2e")
	}
	for _, program := range []string{"redis-server", "redis-cli", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			return fail(err)
		}
	}
	if againstSeed {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "tsunagu-e2e-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tsunagu")
	// Git refuses to describe a checkout of another user, so the binary gets no version control stamp.
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "tsunagu")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fail("building tsunagu: ", err)
	}
	return m.Run()
}

func fail(why ...any) int {
	fmt.Fprintln(os.Stderr, "e2e: "+fmt.Sprint(why...))
	return 1
}

// needsTsunagu skips a test of what the original cannot do, if the original is tested.
func needsTsunagu(t *testing.T) {
	t.Helper()
	if againstSeed {
		t.Skip("E2E_TARGET=seed: the original cannot do this")
	}
}

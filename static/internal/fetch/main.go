// Command fetch puts the client that socket.io 2.1.1 serves into a folder, for package static to embed.
// `go generate ./static` runs it. npm downloads the package from the registry that it is configured for; the
// hash of the package is checked.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	packageName    = "socket.io-client"
	packageVersion = "2.1.1"
	// integrity is the hash of the package, as in npm's lock files.
	integrity = "sha512-jxnFyhAuFxYfjqIgduQlhzqTcOEQSn+OHKVfAxWaNWa7ecP7xSNk2Dx/3UEsDcY7NcFafxvNvKPmmO7HTwTxGQ=="

	// timeout is for npm, which tries for minutes to reach a registry that does not answer.
	timeout = 2 * time.Minute
)

// wanted are the files of the package that are installed. The script comes last: if it is there, all are.
var wanted = []string{"package/LICENSE", "package/dist/socket.io.js.map", "package/dist/socket.io.js"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fetch FOLDER")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := run(ctx, os.Args[1], integrity); err != nil {
		fmt.Fprintln(os.Stderr, "the client file was not fetched:", err)
		fmt.Fprintln(os.Stderr, "Without it `go build` works, too: nodes then redirect to the file that the page loads.")
		os.Exit(1)
	}
}

// run fetches the package and installs its files, all of them or none.
func run(ctx context.Context, folder, integrity string) error {
	tarball, err := pack(ctx)
	if err != nil {
		return err
	}
	if got := hash(tarball); got != integrity {
		return fmt.Errorf("%s@%s has the wrong hash\n%s, want\n%s", packageName, packageVersion, got, integrity)
	}
	files, err := unpack(tarball)
	if err != nil {
		return fmt.Errorf("%s@%s: %w", packageName, packageVersion, err)
	}
	return install(folder, files)
}

// pack downloads the package with npm.
func pack(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "tsunagu-fetch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var output bytes.Buffer
	npm := exec.CommandContext(ctx, "npm", "pack", "--ignore-scripts", packageName+"@"+packageVersion)
	npm.Dir, npm.Stdout, npm.Stderr = dir, &output, &output
	npm.WaitDelay = time.Second
	switch err := npm.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("npm is not installed")
	case ctx.Err() != nil:
		return nil, fmt.Errorf("npm did not end within %v", timeout)
	case err != nil:
		return nil, fmt.Errorf("npm pack: %w\n%s", err, bytes.TrimSpace(output.Bytes()))
	}
	return os.ReadFile(filepath.Join(dir, packageName+"-"+packageVersion+".tgz"))
}

func hash(tarball []byte) string {
	sum := sha512.Sum512(tarball)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// unpack reads the wanted files of the package.
func unpack(tarball []byte) (map[string][]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(wanted, header.Name) {
			if files[header.Name], err = io.ReadAll(archive); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range wanted {
		if len(files[name]) == 0 {
			return nil, fmt.Errorf("no %s in it", strings.TrimPrefix(name, "package/"))
		}
	}
	return files, nil
}

// install writes each file under another name first and then renames it, so that a build at the same time, or after an
// interruption, finds whole files only.
func install(folder string, files map[string][]byte) error {
	for _, name := range wanted {
		if err := replace(filepath.Join(folder, path.Base(name)), files[name]); err != nil {
			return err
		}
	}
	return nil
}

func replace(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".fetched-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which fails once it has been moved
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

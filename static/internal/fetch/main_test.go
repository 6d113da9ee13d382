package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// archive packs files as npm does.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	plain := gzip.NewWriter(&out)
	w := tar.NewWriter(plain)
	for _, name := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// npm replaces npm by a script.
func npm(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("npm's stand-in is a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// npmPacks replaces npm by a script that delivers a package.
func npmPacks(t *testing.T, tarball []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "package")
	if err := os.WriteFile(file, tarball, 0o600); err != nil {
		t.Fatal(err)
	}
	npm(t, `[ "$*" = "pack --ignore-scripts socket.io-client@2.1.1" ] || exit 1
cp '`+file+`' socket.io-client-2.1.1.tgz`)
}

func content(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Name()+": "+string(text))
	}
	return all
}

func TestFetch(t *testing.T) {
	tarball := archive(t, append([]string{"package/package.json", "package/dist/socket.io.dev.js", "../outside"}, wanted...)...)
	npmPacks(t, tarball)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "socket.io.js"), []byte("an old one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), folder, hash(tarball)); err != nil {
		t.Fatal(err)
	}
	got, want := content(t, folder), []string{
		"LICENSE: package/LICENSE",
		"socket.io.js: package/dist/socket.io.js",
		"socket.io.js.map: package/dist/socket.io.js.map",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// An error leaves the folder unchanged.
func TestFetchFails(t *testing.T) {
	for name, c := range map[string]struct {
		tarball []byte
		want    string
	}{
		"another hash":    {archive(t, wanted...), "wrong hash"},
		"no script":       {archive(t, wanted[:2]...), "no dist/socket.io.js in it"},
		"no licence":      {archive(t, wanted[1:]...), "no LICENSE in it"},
		"no archive":      {[]byte("<!doctype html>"), "gzip"},
		"half an archive": {archive(t, wanted...)[:60], "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			npmPacks(t, c.tarball)
			integrity := hash(c.tarball)
			if name == "another hash" {
				integrity = hash(nil)
			}
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "socket.io.js"), []byte("an old one"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), folder, integrity)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want an error about %q", err, c.want)
			}
			if got := content(t, folder); !slices.Equal(got, []string{"socket.io.js: an old one"}) {
				t.Errorf("the folder holds %q, want what it held before", got)
			}
		})
	}
}

func TestFolderMissing(t *testing.T) {
	tarball := archive(t, wanted...)
	npmPacks(t, tarball)
	if err := run(t.Context(), filepath.Join(t.TempDir(), "x"), hash(tarball)); !os.IsNotExist(err) {
		t.Errorf("%v, want that there is no such folder", err)
	}
}

func TestNPMFails(t *testing.T) {
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := pack(t.Context()); err == nil || !strings.Contains(err.Error(), "not installed") {
			t.Errorf("%v, want that npm is not installed", err)
		}
	})
	t.Run("has no answer", func(t *testing.T) {
		npm(t, "exec cat /dev/zero >/dev/null")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := pack(ctx); err == nil || !strings.Contains(err.Error(), "did not end") {
			t.Errorf("%v, want that npm did not end", err)
		}
	})
	t.Run("says why", func(t *testing.T) {
		npm(t, "echo no such version >&2; exit 3")
		if _, err := pack(t.Context()); err == nil || !strings.Contains(err.Error(), "status 3\nno such version") {
			t.Errorf("%v, want npm's own words", err)
		}
	})
}

// The package is the one that the end-to-end tests use, of the version that the page loads.
func TestPinnedPackage(t *testing.T) {
	text, err := os.ReadFile("../../../e2e/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Name, Version, Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	p := lock.Packages["node_modules/client-"+packageVersion]
	if p.Name != packageName || p.Version != packageVersion || p.Integrity != integrity {
		t.Errorf("%s@%s has %s here; the lock file has %+v", packageName, packageVersion, integrity, p)
	}
	page, err := os.ReadFile("../../index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte("/socket.io/"+packageVersion+"/socket.io.js")) {
		t.Errorf("the page does not load %s", packageVersion)
	}
}

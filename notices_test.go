package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// NOTICES.md has the licences of the modules that are in the binary, and no others.
func TestNotices(t *testing.T) {
	text, err := os.ReadFile("NOTICES.md")
	if err != nil {
		t.Fatal(err)
	}
	notices := string(text)
	sections := map[string]string{}
	for _, s := range strings.Split(notices, "\n### ")[1:] {
		name, body, _ := strings.Cut(s, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[name] = body
	}
	linked := linkedLicences(t)
	for module, files := range linked {
		if len(files) == 0 {
			t.Errorf("no licence file was found for %s", module)
		}
		for _, file := range files {
			licence, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(sections[module], trimmed(string(licence))) {
				t.Errorf("NOTICES.md has no section %q with the text of %s", module, file)
			}
		}
	}
	for name := range sections {
		if _, is := linked[name]; !is {
			t.Errorf("NOTICES.md has a section for %q, which is not in the binary", name)
		}
	}
	for _, holder := range []string{"Copyright 2009 The Go Authors.", "Copyright (c) 2014 Guillermo Rauch\n", "Mozilla Public License 2.0"} {
		if !strings.Contains(notices, holder) {
			t.Errorf("NOTICES.md does not contain %q", holder)
		}
	}
}

// linkedLicences returns the modules in the binary, built as for the image, and the licence files that apply to
// their packages. A package may have its own.
func linkedLicences(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}\t{{$.Dir}}{{end}}", ".")
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found, seen := map[string][]string{}, map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 || fields[0] == "tsunagu" {
			continue
		}
		module, root := fields[0], fields[1]
		if _, known := found[module]; !known {
			found[module] = nil
		}
		for dir := fields[2]; strings.HasPrefix(dir, root) && !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			found[module] = append(found[module], licenceFiles(t, dir)...)
		}
	}
	return found
}

var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)(\.|$)`)

func licenceFiles(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && licenceName.MatchString(e.Name()) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

var trailing = regexp.MustCompile(`(?m)[ \t\r]+$`)

// trimmed removes trailing white space from lines, and empty lines around the text.
func trimmed(s string) string {
	return strings.Trim(trailing.ReplaceAllString(s, ""), "\n")
}

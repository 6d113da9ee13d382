package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// codeBlocks are the console and shell blocks of a Markdown file.
func codeBlocks(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("(?s)```(?:console|sh)\n.*?```").FindAllString(string(text), -1)
}

// The end-to-end tests run the commands of README.md; the Japanese README has the same.
func TestReadmesShowTheSameCommands(t *testing.T) {
	english, japanese := codeBlocks(t, "README.md"), codeBlocks(t, "docs/README.ja.md")
	if len(english) < 3 || !slices.Equal(english, japanese) {
		t.Errorf("README.md shows %q, docs/README.ja.md %q", english, japanese)
	}
}

// Every relative link of the documents leads to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, pattern := range []string{"README.md", "SECURITY.md", "docs/*.md", "bench/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range link.FindAllStringSubmatch(string(text), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), l[1])); err != nil {
					t.Errorf("%s links to %s: %v", file, l[1], err)
				}
			}
		}
	}
}

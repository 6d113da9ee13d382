//go:build e2e

package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const repository = ".."

// A stage of the Dockerfile, built without Docker: a folder stands for its file system. Images that the Dockerfile
// begins with are left out.
type stage struct {
	name string
	from string // image or stage
	root string // the folder
	dir  string // WORKDIR
	env  []string

	user, exposed           string
	entrypoint, healthcheck []string
}

// buildImage executes the Dockerfile and returns its last stage. An instruction that it does not know is an error, so
// a change of the Dockerfile changes this, too.
func buildImage(t *testing.T) *stage {
	t.Helper()
	context := buildContext(t)
	var stages []*stage
	for line := range strings.Lines(strings.ReplaceAll(readText(t, filepath.Join(repository, "Dockerfile")), "\\\n", " ")) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "", "#":
		case "FROM":
			words := strings.Fields(rest)
			s := &stage{name: words[len(words)-1], from: words[0], root: t.TempDir(), dir: "/"}
			if base := stageNamed(stages, s.from); base != nil && base.dir != "/" {
				t.Fatalf("the stage %s begins with one of ours: the test cannot build that", s.name)
			}
			stages = append(stages, s)
		case "COPY":
			stages[len(stages)-1].copy(t, context, stages, strings.Fields(rest))
		default:
			stages[len(stages)-1].execute(t, instruction, rest)
		}
	}
	return stages[len(stages)-1]
}

func stageNamed(stages []*stage, name string) *stage {
	n := slices.IndexFunc(stages, func(s *stage) bool { return s.name == name })
	if n < 0 {
		return nil
	}
	return stages[n]
}

func (s *stage) execute(t *testing.T, instruction, rest string) {
	t.Helper()
	switch instruction {
	case "WORKDIR":
		s.dir = rest
	case "ENV":
		s.env = append(s.env, strings.Fields(rest)...)
	case "USER":
		s.user = rest
	case "EXPOSE":
		s.exposed = rest
	case "ENTRYPOINT":
		s.entrypoint = execForm(t, rest)
	case "HEALTHCHECK":
		_, command, _ := strings.Cut(rest, " CMD ")
		s.healthcheck = execForm(t, command)
	case "RUN":
		s.run(t, rest)
	default:
		t.Fatalf("the test does not know %s", instruction)
	}
}

// execForm is a command without a shell: the image has none.
func execForm(t *testing.T, s string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &words); err != nil || len(words) == 0 {
		t.Fatalf("%q is no command in exec form", s)
	}
	return words
}

// at is the file for a path of the image.
func (s *stage) at(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(s.dir, name)
	}
	return filepath.Join(s.root, name)
}

func (s *stage) copy(t *testing.T, context string, stages []*stage, words []string) {
	t.Helper()
	from := context
	if flag, ok := strings.CutPrefix(words[0], "--from="); ok {
		stage := stageNamed(stages, flag)
		if stage == nil {
			t.Fatalf("COPY %q: there is no such stage before", words)
		}
		if stage.dir == "/" && stage.from != "scratch" {
			return // another name of an image
		}
		words, from = words[1:], stage.root
	}
	target := words[len(words)-1]
	for _, source := range words[:len(words)-1] {
		copyTree(t, filepath.Join(from, source), s.at(target), strings.HasSuffix(target, "/"))
	}
}

// copyTree copies a file, to a folder or to a name, or what is in a folder.
func copyTree(t *testing.T, from, to string, toFolder bool) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatalf("COPY: %v; .dockerignore may leave it out", err)
	}
	folder := to
	if info.IsDir() {
		from += "/."
	} else if !toFolder {
		folder = filepath.Dir(to)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	mustOutput(t, "cp", "-R", from, to)
}

// run executes the builds, and takes the rest from what is here: the tests have no network.
func (s *stage) run(t *testing.T, command string) {
	t.Helper()
	switch {
	case command == "go mod download": // done
	case command == "go generate ./static":
		// The stage has no modules but the standard library: the program must build without others.
		s.shell(t, "go build -o /dev/null ./static/internal/fetch", "GOPROXY=off", "GOMODCACHE="+t.TempDir())
		copyTree(t, filepath.Join(repository, "static/client"), s.at("static/client"), true)
		if _, err := os.Stat(s.at("static/client/socket.io.js")); err != nil {
			t.Fatal("no client file: run `go generate ./static`")
		}
	case strings.HasPrefix(command, "go build "):
		s.shell(t, strings.Replace(command, "-o /", "-o "+s.root+"/", 1))
	default:
		t.Fatalf("the test does not know RUN %s", command)
	}
}

// shell runs a command for the system of the image.
func (s *stage) shell(t *testing.T, command string, env ...string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = s.at("."), append(os.Environ(), "GOOS=linux")
	for _, setting := range append(s.env, env...) {
		if !strings.HasPrefix(setting, "PATH=") {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("RUN %s: %v\n%s", command, err, out)
	}
}

// buildContext is a folder with the files of the repository that .dockerignore leaves in.
func buildContext(t *testing.T) string {
	t.Helper()
	context, patterns := t.TempDir(), strings.Split(readText(t, filepath.Join(repository, ".dockerignore")), "\n")
	err := fs.WalkDir(os.DirFS(repository), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || d.Name() == "node_modules"):
			return fs.SkipDir
		case !d.IsDir() && !ignored(patterns, name):
			copyTree(t, filepath.Join(repository, name), filepath.Join(context, name), false)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return context
}

// ignored applies patterns of a .dockerignore: the last that matches a file, or a folder above it, decides.
func ignored(patterns []string, name string) (is bool) {
	for _, pattern := range patterns {
		pattern, included := strings.CutPrefix(pattern, "!")
		pattern, anywhere := strings.CutPrefix(pattern, "**/")
		for part := name; part != "."; part = path.Dir(part) {
			subject := part
			if anywhere {
				subject = path.Base(part)
			}
			if fits, err := path.Match(pattern, subject); err == nil && fits {
				is = !included
			}
		}
	}
	return is
}

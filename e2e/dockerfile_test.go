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

// The repository, seen from here.
const repository = ".."

// A builtStage is a stage of the Dockerfile, put together without Docker: a folder stands for its file system.
// What comes from images of others, which have no folder, is left out.
type builtStage struct {
	name        string
	from        string // image or stage
	root        string // "" for an image of others
	dir         string // WORKDIR
	env         []string
	user        string
	exposed     string
	entrypoint  []string
	healthcheck []string
}

// buildImages carries out the Dockerfile. What it cannot is an error: then whoever changes the Dockerfile changes
// this, too, and knows that.
func buildImages(t *testing.T) []*builtStage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var images []*builtStage
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		if verb == "FROM" {
			images = append(images, newImage(t, images, strings.Fields(rest)))
			continue
		}
		images[len(images)-1].carryOut(t, images, verb, rest)
	}
	return images
}

func newImage(t *testing.T, before []*builtStage, from []string) *builtStage {
	i := &builtStage{from: from[0], root: t.TempDir(), dir: "/"}
	if len(from) == 3 {
		i.name = from[2]
	}
	if base := named(before, i.from); base != nil && base.dir != "/" {
		t.Fatalf("%s begins with a stage that does something: no test knows that", i.name)
	}
	return i
}

// named is a stage of the Dockerfile, or nil.
func named(images []*builtStage, name string) *builtStage {
	n := slices.IndexFunc(images, func(i *builtStage) bool { return i.name == name && name != "" })
	if n < 0 {
		return nil
	}
	return images[n]
}

func (i *builtStage) carryOut(t *testing.T, images []*builtStage, verb, rest string) {
	t.Helper()
	switch verb {
	case "WORKDIR":
		i.dir = rest
	case "ENV":
		i.env = append(i.env, strings.Fields(rest)...)
	case "USER":
		i.user = rest
	case "EXPOSE":
		i.exposed = rest
	case "ENTRYPOINT":
		i.entrypoint = execForm(t, rest)
	case "HEALTHCHECK":
		_, command, _ := strings.Cut(rest, " CMD ")
		i.healthcheck = execForm(t, command)
	case "COPY":
		i.copy(t, images, strings.Fields(rest))
	case "RUN":
		i.run(t, rest)
	default:
		t.Fatalf("no test knows what %s does", verb)
	}
}

// execForm is a command that needs no shell: the image has none.
func execForm(t *testing.T, s string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &words); err != nil || len(words) == 0 {
		t.Fatalf("%q is no command in exec form", s)
	}
	return words
}

// at is where a path of the image is.
func (i *builtStage) at(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(i.dir, name)
	}
	return filepath.Join(i.root, name)
}

func (i *builtStage) copy(t *testing.T, images []*builtStage, words []string) {
	t.Helper()
	from, ignored := repository, dockerignore(t)
	if flag, ok := strings.CutPrefix(words[0], "--from="); ok {
		stage := named(images, flag)
		switch {
		case stage == nil:
			t.Fatalf("COPY %q: there is no such stage before", words)
		case stage.from != "scratch" && stage.dir == "/":
			return // an image of others under a name of ours
		}
		words, from, ignored = words[1:], stage.root, func(string) bool { return false }
	}
	target := words[len(words)-1]
	for _, source := range words[:len(words)-1] {
		to := i.at(target)
		if info, err := os.Stat(filepath.Join(from, source)); err == nil && !info.IsDir() && strings.HasSuffix(target, "/") {
			to = filepath.Join(to, path.Base(source))
		}
		if n := copyAll(t, from, path.Clean(source), to, ignored); n == 0 {
			t.Errorf("COPY %q copies nothing: not there, or in .dockerignore", source)
		}
	}
}

// copyAll copies a file, or what is in a folder, and tells how many files that were.
func copyAll(t *testing.T, from, source, to string, ignored func(string) bool) (n int) {
	t.Helper()
	start := filepath.Join(from, source)
	err := filepath.WalkDir(start, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		inside, err := filepath.Rel(from, name)
		if err != nil || ignored(filepath.ToSlash(inside)) {
			return err
		}
		n++
		target := filepath.Join(to, strings.TrimPrefix(name, start))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode())
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return n
}

// run does what a stage runs: the build in earnest, what needs the network from what is here already.
func (i *builtStage) run(t *testing.T, command string) {
	t.Helper()
	switch {
	case command == "go mod download": // done
	case command == "go generate ./static":
		// The stage has neither the modules nor a way to them but go.mod, and that has to do.
		i.shell(t, "go build -o /dev/null ./static/internal/fetch", "GOPROXY=off", "GOMODCACHE="+t.TempDir())
		if n := copyAll(t, repository, "static/client", i.at("static/client"), func(string) bool { return false }); n < 4 {
			t.Fatal("no client file: run `go generate ./static`")
		}
	case strings.HasPrefix(command, "go build "):
		i.shell(t, strings.Replace(command, "-o /", "-o "+i.root+"/", 1))
	default:
		t.Fatalf("no test knows RUN %s", command)
	}
}

// shell runs a command as a RUN does, for the system that images are for.
func (i *builtStage) shell(t *testing.T, command string, env ...string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = i.at("."), append(os.Environ(), "GOOS=linux")
	for _, setting := range i.env {
		if !strings.HasPrefix(setting, "PATH=") {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("RUN %s: %v\n%s", command, err, out)
	}
}

// dockerignore tells which files of the repository are kept from Docker: the last pattern that fits decides.
func dockerignore(t *testing.T) (ignored func(name string) bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) (ignored bool) {
		for line := range strings.Lines(string(text)) {
			pattern, again := strings.CutPrefix(strings.TrimSpace(line), "!")
			for part := name; part != "."; part = path.Dir(part) {
				subject := part
				if strings.HasPrefix(pattern, "**/") {
					subject = "**/" + path.Base(part)
				}
				if fits, err := path.Match(strings.ReplaceAll(pattern, "**", `\*\*`), subject); err == nil && fits {
					ignored = !again
				}
			}
		}
		return ignored
	}
}

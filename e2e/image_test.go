//go:build e2e

package e2e

import (
	"debug/elf"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A node serves the client file of the npm package, byte for byte.
func TestClientFile(t *testing.T) {
	node := startNodes(t, 1, startRedis(t))[0]
	noRedirects := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for file, contentType := range map[string]string{"socket.io.js": "application/javascript", "socket.io.js.map": "application/json"} {
		want, err := os.ReadFile(filepath.Join(modules, "client-2.1.1", "dist", file))
		if err != nil {
			t.Fatal(err)
		}
		res, err := noRedirects.Get(node.url() + "/socket.io/" + file)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case res.StatusCode == http.StatusFound:
			t.Errorf("%s is not embedded: run `make test`, or `go generate ./static`", file)
		case string(body) != string(want) || res.Header.Get("Content-Type") != contentType || res.Header.Get("ETag") != `"2.1.1"`:
			t.Errorf("%s: status %d, %d bytes, %v; want the package's %d bytes", file, res.StatusCode, len(body), res.Header, len(want))
		}
	}
}

// The binary runs with the files of the image only, as its user, and its health check tells whether it serves.
func TestImage(t *testing.T) {
	needsTsunagu(t)
	image := buildImage(t)
	if image.from != "scratch" {
		t.Errorf("the last stage is from %s, want scratch", image.from)
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(image.user) {
		t.Errorf("USER %s is not a number other than root's", image.user)
	}
	if notices, err := os.ReadFile(image.at("/NOTICES.md")); err != nil || !strings.Contains(string(notices), "gorilla/websocket") {
		t.Errorf("the image has no notices: %v", err)
	}
	isStatic(t, image.at(image.entrypoint[0]))
	usesKnownFlags(t, image.entrypoint[1:])
	usesKnownFlags(t, image.healthcheck[1:])
	if image.healthcheck[0] != image.entrypoint[0] {
		t.Errorf("the health check runs %s, the image has %s", image.healthcheck[0], image.entrypoint[0])
	}

	free := freePorts(t, 2)
	replace := func(words []string, port string) []string {
		var all []string
		for _, w := range words {
			all = append(all, strings.ReplaceAll(w, image.exposed, port))
		}
		return all
	}
	// The image's Redis does not exist here, and the node serves without it.
	p := start(t, "the image", image.command(t, image.entrypoint, replace(image.env, free[0])))
	p.prints(t, "listening on localhost:"+free[0])
	runsAsUser(t, p, image.user)
	for port, want := range map[string]int{free[0]: 0, free[1]: 1} {
		check := start(t, "the health check", image.command(t, replace(image.healthcheck, port), image.env))
		if status := check.exits(t, waitLimit); status != want {
			t.Errorf("health check on port %s: exit status %d, want %d", port, status, want)
		}
		if output := check.errout.String() + check.out.String(); strings.Count(output, "\n") != want {
			t.Errorf("health check on port %s printed %q, want %d lines", port, output, want)
		}
	}
}

// isStatic wants a binary that needs no loader and no libraries: the image has none.
func isStatic(t *testing.T, file string) {
	t.Helper()
	binary, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	if slices.ContainsFunc(binary.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Errorf("%s asks for a loader", file)
	}
	if libraries, err := binary.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q (%v)", file, libraries, err)
	}
}

func usesKnownFlags(t *testing.T, args []string) {
	t.Helper()
	help, err := tsunaguCommand("-help").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") && !regexp.MustCompile(`(?m)^  `+regexp.QuoteMeta(arg)+`\b`).Match(help) {
			t.Errorf("%s is no flag; the help is\n%s", arg, help)
		}
	}
}

// The Dockerfile builds with the Go version of go.mod, and names a version of each image.
func TestDockerfileVersions(t *testing.T) {
	text := readText(t, filepath.Join(repository, "Dockerfile"))
	module := mustOutput(t, "go", "list", "-m", "-f", "{{.GoVersion}}", "tsunagu")
	minor := regexp.MustCompile(`^\d+\.\d+`).FindString(module)
	if !strings.Contains(text, "\nFROM golang:"+minor+" AS ") {
		t.Errorf("the Dockerfile does not build with golang:%s, as go.mod asks", minor)
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM ([^:\s]+:\S+)`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`:\d`).MatchString(from[1]) {
			t.Errorf("%s is another one every month: name a version", from[1])
		}
	}
}

// A service of compose.yaml.
type service struct {
	text, image string
	ports       [][]string // on the host and in the container
}

func composeServices(t *testing.T) map[string]service {
	t.Helper()
	_, body, found := strings.Cut(readText(t, filepath.Join(repository, "compose.yaml")), "\nservices:\n")
	if !found || strings.Contains(body, "\t") {
		t.Fatal("compose.yaml has no services, or a tab, which is no indentation in YAML")
	}
	services := map[string]service{}
	for _, block := range regexp.MustCompile(`(?m)^  (\S+):\n((?:(?:    .*)?\n)+)`).FindAllStringSubmatch(body, -1) {
		s := service{text: block[2]}
		if image := regexp.MustCompile(`(?m)^    image: (\S+)$`).FindStringSubmatch(s.text); image != nil {
			s.image = image[1]
		}
		for _, p := range regexp.MustCompile(`(?m)^      - "(\d+):(\d+)"$`).FindAllStringSubmatch(s.text, -1) {
			s.ports = append(s.ports, p[1:])
		}
		services[block[1]] = s
	}
	return services
}

// compose.yaml and the Dockerfile agree on ports and Redis.
func TestCompose(t *testing.T) {
	image, services := buildImage(t), composeServices(t)
	setting := func(name string) string {
		n := slices.IndexFunc(image.env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		if n < 0 {
			t.Fatalf("the image sets no %s", name)
		}
		return strings.TrimPrefix(image.env[n], name+"=")
	}
	redis, err := url.Parse(setting("REDIS_URL"))
	if err != nil || redis.Scheme != "redis" || redis.Port() != "6379" {
		t.Errorf("REDIS_URL is %v (%v), want Redis's own port", redis, err)
	}
	asked, err := url.Parse(image.healthcheck[len(image.healthcheck)-1])
	if err != nil || asked.Port() != setting("PORT") || image.exposed != setting("PORT") {
		t.Errorf("the image listens on %s, exposes %s, and its health check asks %v", setting("PORT"), image.exposed, asked)
	}
	if r := services[redis.Hostname()]; !regexp.MustCompile(`^redis:\d+$`).MatchString(r.image) ||
		!strings.Contains(r.text, `["CMD", "redis-cli", "ping"]`) || len(r.ports) > 0 {
		t.Errorf("the service %s is no redis of one major version, with a health check and no port outside:\n%s", redis.Hostname(), r.text)
	}
	var published []string
	for name, s := range services {
		if name == redis.Hostname() {
			continue
		}
		if !strings.Contains(s.text, "    build: .\n") || !strings.Contains(s.text, "      "+redis.Hostname()+":\n        condition: service_healthy\n") {
			t.Errorf("the service %s is not built here, or does not wait for %s:\n%s", name, redis.Hostname(), s.text)
		}
		for _, p := range s.ports {
			published = append(published, p[0])
			if p[1] != setting("PORT") {
				t.Errorf("%s publishes port %s of the container, which listens on %s", name, p[1], setting("PORT"))
			}
		}
	}
	slices.Sort(published)
	if !slices.Equal(published, []string{"3000", "3001"}) || len(services) != 3 {
		t.Errorf("%d services, nodes on %q; want a Redis, and nodes on 3000 and 3001", len(services), published)
	}
}

// -check works on our nodes and on the original.
func TestCheck(t *testing.T) {
	needsTsunagu(t)
	redis := startRedis(t)
	nodes := append(startTsunagu(t, 2, "-redis", redis.url()), startSeed(t, redis))
	for _, n := range nodes {
		if out, err := tsunaguCommand("-check", n.url()).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("-check %s: %v, %q", n.url(), err, out)
		}
	}
	for _, target := range []string{"http://127.0.0.1:" + freePorts(t, 1)[0], nodes[0].url() + "/elsewhere", "http://127.0.0.1:" + redis.port} {
		out, err := tsunaguCommand("-check", target).CombinedOutput()
		exit, failed := err.(*exec.ExitError)
		if !failed || exit.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 {
			t.Errorf("-check %s: %v, %q; want exit status 1 and one line", target, err, out)
		}
	}
}

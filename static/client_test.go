package static

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// The two states of the folder, whatever the checkout has.
var (
	filled = loadClient(fstest.MapFS{
		"client/.gitkeep":         {},
		"client/socket.io.js":     {Data: []byte("the script")},
		"client/socket.io.js.map": {Data: []byte("{}")},
	})
	empty = loadClient(fstest.MapFS{"client/.gitkeep": {}})
)

func TestClientURLIsThePages(t *testing.T) {
	const want = "https://cdnjs.cloudflare.com/ajax/libs/socket.io/2.1.1/socket.io.js"
	if clientURL != want {
		t.Errorf("client script at %q, want %q", clientURL, want)
	}
	if !strings.Contains(page, `<script src="`+clientURL+`">`) {
		t.Errorf("the page does not load %s", clientURL)
	}
	if clientETag != `"2.1.1"` {
		t.Errorf("its tag is %s", clientETag)
	}
}

func TestClientAsFetched(t *testing.T) {
	for target, want := range map[string][2]string{
		"/socket.io/socket.io.js":                                 {"the script", "application/javascript"},
		"/socket.io/socket.io.jsxyz?a=b":                          {"the script", "application/javascript"},
		"/socket.io/socket.io.js/x":                               {"the script", "application/javascript"},
		"/socket.io/socket.io.js.ma":                              {"the script", "application/javascript"},
		"/socket.io/socket.io.js?EIO=3&transport=polling":         {"the script", "application/javascript"},
		"/socket.io/socket.io.js.map":                             {"{}", "application/json"},
		"/socket.io/socket.io.js.mapped/?EIO=3&transport=polling": {"{}", "application/json"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "FOO"} {
			res, got := ask(t, filled, method, target)
			body := want[0]
			if method == "HEAD" {
				body = ""
			}
			if res.StatusCode != 200 || got != body {
				t.Errorf("%s %s: status %d, %q; want %q", method, target, res.StatusCode, got, body)
			}
			headers(t, res, map[string]string{
				"Content-Type": want[1], "ETag": `"2.1.1"`, "Content-Length": "", "Location": "", "Cache-Control": "",
			})
		}
	}
}

func TestClientConditions(t *testing.T) {
	for _, c := range []struct {
		header []string
		status int
	}{
		{[]string{"If-None-Match", `"2.1.1"`}, 304},
		{[]string{"If-None-Match", `"2.1.1"`, "Cache-Control", "no-cache"}, 304},
		{[]string{"If-None-Match", `"2.1.1"`, "Range", "bytes=0-1"}, 304},
		{[]string{"If-None-Match", `W/"2.1.1"`}, 200},
		{[]string{"If-None-Match", `"x", "2.1.1"`}, 200},
		{[]string{"If-None-Match", `"2.1.1"`, "If-None-Match", `"2.1.1"`}, 200},
		{[]string{"If-None-Match", "*"}, 200},
		{[]string{"If-None-Match", ""}, 200},
		{[]string{"If-Match", `"x"`}, 200},
		{[]string{"If-Modified-Since", "Tue, 01 Jan 2030 00:00:00 GMT"}, 200},
		{[]string{"Range", "bytes=0-1"}, 200},
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			for _, target := range []string{"/socket.io/socket.io.js", "/socket.io/socket.io.js.map"} {
				res, _ := ask(t, filled, method, target, c.header...)
				if res.StatusCode != c.status {
					t.Errorf("%s %s with %q: status %d, want %d", method, target, c.header, res.StatusCode, c.status)
				}
				if res.StatusCode == http.StatusNotModified {
					headers(t, res, map[string]string{"ETag": "", "Content-Type": ""})
				}
			}
		}
	}
}

func TestClientNotFetched(t *testing.T) {
	half := loadClient(fstest.MapFS{"client/socket.io.js": {Data: []byte("the script")}})
	for target, location := range map[string]string{
		"/socket.io/socket.io.js":        clientURL,
		"/socket.io/socket.io.jsxyz?a=b": clientURL,
		"/socket.io/socket.io.js.map":    clientURL + ".map",
	} {
		for _, script := range []client{empty, half} {
			res, _ := ask(t, script, "GET", target, "If-None-Match", `"2.1.1"`)
			if res.StatusCode != 302 {
				t.Errorf("GET %s: status %d", target, res.StatusCode)
			}
			headers(t, res, map[string]string{"Location": location, "ETag": ""})
		}
	}
}

func TestClientLeavesTheRestToTheEngine(t *testing.T) {
	for _, target := range []string{"/socket.io/?EIO=3&transport=polling", "/socket.io/x", "/socket.io/socket.io.min.js"} {
		for _, script := range []client{filled, empty} {
			if _, body := ask(t, script, "POST", target); body != "engine" {
				t.Errorf("POST %s did not reach the engine: %q", target, body)
			}
		}
	}
}

func TestUpgradesAreTheEngines(t *testing.T) {
	for _, c := range []struct {
		header []string
		engine bool
	}{
		{[]string{"Upgrade", "websocket", "Connection", "Upgrade"}, true},
		{[]string{"Upgrade", "x", "Connection", "keep-alive, UPGRADE"}, true},
		{[]string{"Upgrade", "websocket"}, false},
		{[]string{"Upgrade", "websocket", "Connection", "close"}, false},
		{[]string{"Connection", "Upgrade"}, false},
	} {
		for _, target := range []string{"/socket.io/socket.io.js?EIO=3&transport=websocket", "/socket.io/socket.io.js.map"} {
			if _, body := ask(t, filled, "GET", target, c.header...); (body == "engine") != c.engine {
				t.Errorf("%s with %q: %q", target, c.header, body)
			}
		}
	}
}

// The embedded client is the folder's, and of the page's version, or there is none.
func TestEmbeddedClient(t *testing.T) {
	onDisk := loadClient(os.DirFS("."))
	if string(embeddedClient.script) != string(onDisk.script) || string(embeddedClient.sourceMap) != string(onDisk.sourceMap) {
		t.Error("the embedded client is not the folder's")
	}
	version := strings.Trim(clientETag, `"`)
	if embeddedClient.script != nil && !strings.Contains(string(embeddedClient.script[:100]), "Socket.IO v"+version) {
		t.Errorf("the embedded client is not %s: it begins with %q", version, embeddedClient.script[:100])
	}
}

package bridge

import (
	"fmt"
	"net/http"
	"testing"

	socketio "github.com/googollee/go-socket.io"
	"github.com/googollee/go-socket.io/parser"

	"tsunagu/internal/engine"
)

// Events of an application of its own: with acks, with questions to the client,
// and with binary. They work alike for clients of every version.
func Example() {
	srv := New(Config{})
	// What the function returns answers the client's ack. Arguments that do not
	// fit its types never get here.
	srv.OnEvent("/", "add", func(c socketio.Conn, a, b int) int {
		return a + b
	})
	// An Emit that ends with a function asks the client, and calls it with the
	// answer. An Arg takes everything that a client can send.
	srv.OnEvent("/", "riddle", func(c socketio.Conn, about Arg) {
		if about.Missing() {
			return
		}
		c.Emit("question", about.JSON(), func(answer string) {
			c.Emit("verdict", answer == "a towel")
		})
	})
	// Binary comes as a Buffer and leaves as a pointer to one.
	srv.OnEvent("/", "mirror", func(c socketio.Conn, data parser.Buffer) *parser.Buffer {
		return &parser.Buffer{Data: data.Data}
	})
	srv.OnConnect("/club", func(c socketio.Conn) error {
		if len(srv.Auth(c)) == 0 {
			return fmt.Errorf("members only")
		}
		return nil
	})
	exampleHandler = engine.New(engine.Config{}, srv)
	exampleServer = srv
}

// What the example has made, for the test of it.
var (
	exampleHandler http.Handler
	exampleServer  *Server
)

func TestExample(t *testing.T) {
	Example()
	url := serveHandler(t, exampleServer, exampleHandler.(*engine.Server))
	for _, revision := range []int{3, 4} {
		t.Run(fmt.Sprintf("revision %d", revision), func(t *testing.T) {
			c := dial(t, url, revision)
			head, want := "\x04", "44/club,\"members only\""
			if revision == 4 {
				c.join("40", "40")
				head, want = "", "44/club,{\"message\":\"members only\"}"
			}
			c.send(`420["add",1,2]`)
			c.expect("430[3]")
			c.send(`42["riddle",{"of":"the day"}]`)
			c.expect(`421["question",{"of":"the day"}]`)
			c.send(`431["a towel"]`)
			c.expect(`42["verdict",true]`)
			c.send(`451-7["mirror",{"_placeholder":true,"num":0}]`)
			c.sendBinary([]byte(head + "me")...)
			c.expect(`461-7[{"_placeholder":true,"num":0}]`)
			c.expect("binary:" + head + "me")
			c.send("40/club,")
			c.expect(want)
		})
	}
}

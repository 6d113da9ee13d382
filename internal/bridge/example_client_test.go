package bridge_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

// A client of the examples is one websocket to a server of its own. It shows what
// goes over the wire.
type client struct {
	engine *engine.Server
	web    *httptest.Server
	conn   net.Conn
	in     io.Reader
}

// connect connects a client. It reads the handshake, and in protocol 4 the CONNECT
// in it unless the query says that the example shows it.
func connect(srv *bridge.Server, query string) *client {
	c := &client{engine: engine.New(engine.Config{}, srv)}
	c.web = httptest.NewServer(c.engine)
	url := strings.Replace(c.web.URL, "http", "ws", 1) + "/socket.io/?transport=websocket&" + query
	conn, early, _, err := ws.Dial(context.Background(), url)
	if err != nil {
		panic(err)
	}
	c.conn, c.in = conn, conn
	if early != nil {
		c.in = early
	}
	c.read()
	if query == "" {
		c.read()
	}
	return c
}

func (c *client) read() string {
	data, op, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{c.in, c.conn})
	switch {
	case err != nil:
		return err.Error()
	case op == ws.OpBinary:
		return fmt.Sprintf("binary %q", data)
	}
	return string(data)
}

// print prints the next n messages from the server.
func (c *client) print(n int) {
	for range n {
		fmt.Println(c.read())
	}
}

func (c *client) send(text string)       { wsutil.WriteClientText(c.conn, []byte(text)) }
func (c *client) sendBinary(data string) { wsutil.WriteClientBinary(c.conn, []byte(data)) }

// close ends the client and its server, once all that was sent has been read.
func (c *client) close() {
	c.conn.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewCloseFrame(nil))))
	io.Copy(io.Discard, c.in)
	c.conn.Close()
	c.engine.Shutdown(context.Background())
	c.web.Close()
}

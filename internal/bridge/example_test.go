package bridge_test

import (
	"fmt"
	"time"

	"tsunagu/internal/bridge"
)

// An event with an ack. What the handler returns answers it. Arguments that do not
// fit are the handler's to refuse; here the client gets no answer.
func Example_ack() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnEvent("/", "add", func(c *bridge.Conn, args bridge.Args) []any {
		var a, b int
		if args.Decode(0, &a) != nil || args.Decode(1, &b) != nil {
			return nil
		}
		return []any{a + b}
	})

	client := connect(srv, "")
	client.send(`421["add","one",2]`)
	client.send(`422["add",1,2]`)
	client.print(1)
	client.close()
	// Output: 432[3]
}

// Binary both ways: it may stand in any place of an argument and of a value.
func Example_binary() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnEvent("/", "photo", func(c *bridge.Conn, args bridge.Args) []any {
		var photo struct {
			Name string
			Data []byte
		}
		if err := args.Decode(0, &photo); err != nil {
			return []any{"no photo: " + err.Error()}
		}
		c.Emit("stored", map[string]any{"name": photo.Name, "thumbnail": photo.Data[:2]})
		everything, _ := args.Values()
		return everything
	})

	client := connect(srv, "")
	client.send(`451-7["photo",{"name":"cat","data":{"_placeholder":true,"num":0}}]`)
	client.sendBinary("\x04meow") // 4, for message
	client.print(4)
	client.close()
	// Output:
	// 451-["stored",{"name":"cat","thumbnail":{"_placeholder":true,"num":0}}]
	// binary "\x04me"
	// 461-7[{"data":{"_placeholder":true,"num":0},"name":"cat"}]
	// binary "\x04meow"
}

// A client can be refused, with data that it finds in err.data.
func Example_refuse() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnConnect("/club", func(c *bridge.Conn) error {
		return &bridge.ConnectError{Message: "members only", Data: map[string]int{"retryAfter": 60}}
	})

	client := connect(srv, "EIO=4")
	client.send("40/club,")
	client.print(1)
	client.close()
	// Output: 44/club,{"message":"members only","data":{"retryAfter":60}}
}

// The server can ask for an ack, too. The function gets it in turn with the events
// of that client, or an error in its place.
func Example_askForAck() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnEvent("/", "ready", func(c *bridge.Conn, args bridge.Args) []any {
		c.EmitWithAck(5*time.Second, func(args bridge.Args, err error) {
			var name string
			if err == nil {
				err = args.Decode(0, &name)
			}
			if err != nil {
				c.Disconnect()
				return
			}
			c.Emit("welcome", name)
		}, "what is your name?")
		return nil
	})

	client := connect(srv, "")
	client.send(`42["ready"]`)
	client.print(1)
	client.send(`430["Aoi"]`)
	client.print(1)
	client.close()
	// Output:
	// 420["what is your name?"]
	// 42["welcome","Aoi"]
}

// Clients of protocol 5 have an auth option; older ones have only a query.
func Example_auth() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnConnect("/", func(c *bridge.Conn) error {
		if string(c.Auth()) != `{"token":"secret"}` && c.Query().Get("token") != "secret" {
			return fmt.Errorf("who are you?")
		}
		return c.Emit("hello")
	})

	client := connect(srv, "EIO=3&token=guess")
	client.print(1)
	client.close()
	client = connect(srv, "EIO=3&token=secret")
	client.print(2)
	client.close()
	client = connect(srv, "EIO=4")
	client.send("40")
	client.print(1)
	client.close()
	// Output:
	// 44"who are you?"
	// 40
	// 42["hello"]
	// 44{"message":"who are you?"}
}

// A second namespace has its own connections and handlers, on the same session.
func Example_namespace() {
	srv := bridge.New(bridge.Config{})
	defer srv.Close()
	srv.OnEvent("/news", "latest", func(c *bridge.Conn, args bridge.Args) []any {
		go func() { // an answer may come later, and from anywhere
			args.Ack("nothing new in " + c.Namespace())
		}()
		return nil
	})
	srv.OnDisconnect("/news", func(c *bridge.Conn, reason string) {
		fmt.Println(reason)
	})

	client := connect(srv, "")
	client.send("40/news,")
	client.print(1)
	client.send(`42/news,1["latest"]`)
	client.print(1)
	client.send("41/news,")
	client.close()
	// Output:
	// 40/news,
	// 43/news,1["nothing new in /news"]
	// client namespace disconnect
}

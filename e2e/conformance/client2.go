package main

import (
	"time"

	"tsunagu/internal/bridge"
)

// binary is what the tests of socket.io-client send and expect.
var binary = []byte("asdfasdf")

// registerClient2 registers what the tests of socket.io-client 2.1.1 expect.
func registerClient2(srv *bridge.Server) {
	srv.OnConnect("/", func(c *bridge.Conn) error {
		c.Value = &received{}
		if c.Query().Has("fail") {
			return &bridge.ConnectError{Message: "Auth failed (main namespace)"}
		}
		return nil
	})
	for _, name := range []string{"/foo", "/timeout_socket", "/valid", "/asd"} {
		srv.Namespace(name)
	}
	srv.OnConnect("/no", func(*bridge.Conn) error { return &bridge.ConnectError{Message: "Auth failed (custom namespace)"} })
	srv.OnConnect("/abc", func(c *bridge.Conn) error { return c.Emit("handshake", handshake(c)) })

	for event, answer := range map[string][]any{
		"hi":       {"hi"},
		"false":    {"false", false},
		"doge":     {"doge", binary},
		"getbin":   {"takebin", binary},
		"buffa":    {"buffack"},
		"jsonbuff": {"jsonbuff-ack"},
		"blob":     {"back"},
		"jsonblob": {"jsonblob-ack"},
	} {
		srv.OnEvent("/", event, func(c *bridge.Conn, args bridge.Args) []any {
			if valid(event, args) {
				c.Emit(answer[0].(string), answer[1:]...)
			}
			return nil
		})
	}
	srv.OnEvent("/", "getUtf8", func(c *bridge.Conn, _ bridge.Args) []any {
		for _, text := range []string{"てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"} {
			c.Emit("takeUtf8", text)
		}
		return nil
	})
	registerAcks(srv)
	registerDates(srv)
	registerSequence(srv, "abuff2-ack", "abuff1", "abuff2")
	registerSequence(srv, "blob3-ack", "blob1", "blob2", "blob3")
}

// valid reports whether the arguments of an event are those that its test sends.
func valid(event string, args bridge.Args) bool {
	switch event {
	case "buffa", "blob":
		var data []byte
		return args.Decode(0, &data) == nil && len(args.Attachments()) == 1
	case "jsonbuff", "jsonblob":
		var message struct {
			Hello, Goodbye string
			Message        []byte
		}
		err := args.Decode(0, &message)
		return err == nil && message.Hello == "lol" && message.Goodbye == "gotcha" && len(args.Attachments()) == 1
	}
	return true
}

func handshake(c *bridge.Conn) map[string]any {
	query := make(map[string]any)
	for name, values := range c.Query() {
		query[name] = values
		if len(values) == 1 {
			query[name] = values[0]
		}
	}
	return map[string]any{"query": query}
}

func registerAcks(srv *bridge.Server) {
	srv.OnEvent("/", "ack", func(c *bridge.Conn, _ bridge.Args) []any {
		c.EmitWithAck(time.Minute, func(args bridge.Args, err error) {
			var five int
			var object struct{ Test bool }
			if err == nil && args.Decode(0, &five) == nil && args.Decode(1, &object) == nil && five == 5 && object.Test {
				c.Emit("got it")
			}
		}, "ack")
		return nil
	})
	srv.OnEvent("/", "getHandshake", func(c *bridge.Conn, _ bridge.Args) []any { return []any{handshake(c)} })
}

func registerDates(srv *bridge.Server) {
	now := func() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00") }
	srv.OnEvent("/", "getAckDate", func(*bridge.Conn, bridge.Args) []any { return []any{now()} })
	srv.OnEvent("/", "getDate", func(c *bridge.Conn, _ bridge.Args) []any {
		c.Emit("takeDate", now())
		return nil
	})
	srv.OnEvent("/", "getDateObj", func(c *bridge.Conn, _ bridge.Args) []any {
		c.Emit("takeDateObj", map[string]string{"date": now()})
		return nil
	})
}

// received is the last event of a sequence that has come to a connection.
type received struct{ event string }

// registerSequence answers the last of some events that come in order.
func registerSequence(srv *bridge.Server, answer string, events ...string) {
	for i, event := range events {
		srv.OnEvent("/", event, func(c *bridge.Conn, args bridge.Args) []any {
			last := c.Value.(*received)
			switch {
			case i > 0 && last.event != events[i-1]:
				last.event = ""
			case i == len(events)-1:
				c.Emit(answer)
			default:
				last.event = event
			}
			return nil
		})
	}
}

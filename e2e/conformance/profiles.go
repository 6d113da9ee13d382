package main

import (
	"encoding/json"
	"time"

	"tsunagu/internal/bridge"
	"tsunagu/internal/engine"
)

var profiles = map[string]profile{
	"eio3":  {path: "/engine.io/", engine: quick(engine.Revision3), echo: &echo{}},
	"eio4":  {path: "/engine.io/", engine: quick(engine.Revision4), echo: &echo{}},
	"eioc3": {path: "/engine.io/", engine: timing(500*time.Millisecond, 5*time.Second), echo: greeting},
	"sio5": {path: "/socket.io/", engine: quick(engine.Revision4),
		bridge: bridge.Config{ConnectTimeout: time.Second}, register: registerProtocol5},
	"sioc2": {path: "/socket.io/", engine: timing(2*time.Second, 5*time.Second), register: registerClient2},
}

func timing(interval, timeout time.Duration) engine.Config {
	return engine.Config{PingInterval: interval, PingTimeout3: timeout, PingTimeout4: timeout, MaxPayload: 1_000_000}
}

// quick is what the suites of the protocols expect, which know one revision each.
func quick(revision engine.Revision) engine.Config {
	cfg := timing(300*time.Millisecond, 200*time.Millisecond)
	cfg.Revisions = []engine.Revision{revision}
	return cfg
}

// greeting is the server of the tests of engine.io-client.
var greeting = &echo{
	hello: "hi",
	answers: map[string]engine.Message{
		"give binary": {Data: []byte{0, 1, 2, 3, 4}, Binary: true},
		"give utf8":   {Data: []byte("пойду сать всем мпокойной ночи")},
	},
}

// An echo is an engine.Handler that sends each message back.
type echo struct {
	hello   string                    // sent on connection, if not empty
	answers map[string]engine.Message // to some messages
}

// Opened implements engine.Handler.
func (e *echo) Opened(s *engine.Session) {
	if e.hello != "" {
		s.Send(engine.Message{Data: []byte(e.hello)})
	}
}

// Message implements engine.Handler.
func (e *echo) Message(s *engine.Session, data []byte, binary bool) {
	if m, ok := e.answers[string(data)]; ok && !binary {
		s.Send(m)
		return
	}
	s.Send(engine.Message{Data: data, Binary: binary})
}

// Closed implements engine.Handler.
func (e *echo) Closed(*engine.Session, engine.Reason) {}

// registerProtocol5 registers what the suite of the Socket.IO protocol expects.
func registerProtocol5(srv *bridge.Server) {
	for _, name := range []string{"/", "/custom"} {
		srv.OnConnect(name, func(c *bridge.Conn) error {
			auth := c.Auth()
			if auth == nil {
				auth = json.RawMessage("{}")
			}
			return c.Emit("auth", auth)
		})
	}
	srv.OnEvent("/", "message", func(c *bridge.Conn, args bridge.Args) []any {
		if values, err := args.Values(); err == nil {
			c.Emit("message-back", values...)
		}
		return nil
	})
	srv.OnEvent("/", "message-with-ack", func(_ *bridge.Conn, args bridge.Args) []any {
		values, err := args.Values()
		if err != nil {
			return nil
		}
		return values
	})
}

package main

import (
	"context"
	"log"
	"net"
	"net/http"

	socketio "github.com/googollee/go-socket.io"
	"github.com/redis/go-redis/v9"
)

// serveGoSocketIO is the chat as one would write it with go-socket.io, its own broadcast, and go-redis.
func serveGoSocketIO(l net.Listener, rdb *redis.Client) {
	ctx, io := context.Background(), socketio.NewServer(nil)
	io.OnEvent("/", "chat", func(_ socketio.Conn, text string) {
		if err := rdb.Publish(ctx, channel, text).Err(); err != nil {
			log.Print(err)
		}
	})
	go func() {
		for m := range rdb.Subscribe(ctx, channel).Channel() {
			io.BroadcastToNamespace("/", "chat", m.Payload)
		}
	}()
	go func() { check(io.Serve()) }()
	http.Handle("/socket.io/", io)
	check(http.Serve(l, nil))
}

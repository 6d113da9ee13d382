// Command port is the chat ported the obvious way: go-socket.io as it comes, its own broadcast, and go-redis.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	socketio "github.com/googollee/go-socket.io"
	"github.com/redis/go-redis/v9"
)

func main() {
	port := flag.Int("port", 3000, "port to listen on")
	url := flag.String("redis", "redis://127.0.0.1:6379", "the Redis server")
	flag.Parse()
	opt, err := redis.ParseURL(*url)
	check(err)
	rdb, ctx := redis.NewClient(opt), context.Background()

	io := socketio.NewServer(nil)
	io.OnEvent("/", "chat", func(_ socketio.Conn, text string) {
		if err := rdb.Publish(ctx, "chat", text).Err(); err != nil {
			log.Print(err)
		}
	})
	go func() {
		for m := range rdb.Subscribe(ctx, "chat").Channel() {
			io.BroadcastToNamespace("/", "chat", m.Payload)
		}
	}()
	go func() { check(io.Serve()) }()

	http.Handle("/socket.io/", io)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	check(err)
	fmt.Printf("listening on localhost:%d\n", *port)
	check(http.Serve(l, nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

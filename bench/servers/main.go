// Command servers holds the two Go servers that the bench compares tsunagu with: a bare write loop, and go-socket.io alone.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	"github.com/redis/go-redis/v9"
)

// channel is the Redis channel that all servers of the chat share.
const channel = "chat"

func main() {
	name := flag.String("server", "", "loop or gosocketio")
	port := flag.Int("port", 3000, "port to listen on")
	url := flag.String("redis", "redis://127.0.0.1:6379", "the Redis server")
	flag.Parse()
	serve, ok := map[string]func(net.Listener, *redis.Client){"loop": serveLoop, "gosocketio": serveGoSocketIO}[*name]
	if !ok {
		log.Fatalf("no server is called %q", *name)
	}
	opt, err := redis.ParseURL(*url)
	check(err)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	check(err)
	fmt.Printf("listening on localhost:%d\n", *port)
	serve(l, redis.NewClient(opt))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

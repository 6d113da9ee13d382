package adapter_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"tsunagu/adapter"
)

type screen struct{}

func (screen) Receive(line []byte, _ adapter.Position) { fmt.Printf("%s\n", line) }

// A node that says hello to the chat and prints what it hears.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	opts, err := adapter.ParseURL("redis://localhost:6379")
	if err != nil {
		log.Fatal(err)
	}
	a := adapter.New(opts, adapter.Config{})
	if err := a.Publish([]byte("hello")); err != nil { // waits in the buffer
		log.Fatal(err)
	}
	if err := a.Run(ctx, screen{}); err != nil {
		log.Fatal(err)
	}
}

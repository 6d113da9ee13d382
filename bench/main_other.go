//go:build !linux

package main

import "log"

func main() {
	log.Fatal("the bench reads /proc and uses epoll: it runs on Linux only")
}

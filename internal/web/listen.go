package web

import (
	"context"
	"net"
)

// maxUnsent is how many bytes the kernel takes for a client before it has sent them.
// What has been sent and not acknowledged does not count, so it limits the speed of no
// client. Without it the kernel takes up to 4 MB for a client that does not read: memory
// that no limit of ours sees, and time for every write.
const maxUnsent = 128 << 10

// Listen opens a TCP listener. Its connections accept at most 128 KiB that they cannot
// send yet, where the system allows such a limit (Linux).
func Listen(address string) (net.Listener, error) {
	config := net.ListenConfig{Control: limitUnsent}
	config.SetMultipathTCP(false) // connections would not inherit the limit
	return config.Listen(context.Background(), "tcp", address)
}

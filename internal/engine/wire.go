package engine

// A wire writes to a connection without ever waiting for it.
type wire interface {
	// TryWrite writes what the connection takes at once. Less than all of it
	// is no error.
	TryWrite(p []byte) (n int, err error)
	// descriptor is the socket that a batch may write to in its place, or -1.
	descriptor() int
}

// A patientWire takes nothing: every write is left to a goroutine that may
// wait. It serves the connections that cannot be asked, such as pipes in tests
// and the sockets of some systems.
type patientWire struct{}

func (patientWire) TryWrite([]byte) (int, error) { return 0, nil }

func (patientWire) descriptor() int { return -1 }

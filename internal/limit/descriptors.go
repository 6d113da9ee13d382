package limit

const (
	// reserved is how many descriptors a process needs beside its clients: for the
	// runtime, the admin server, the embedded Redis and connections that are refused.
	reserved = 64 + maxRefusals
	// reservedPerNode is how many more it needs for each node: for its listener, its
	// connections to Redis and its rings of io_uring.
	reservedPerNode = 32
)

// FromDescriptors returns how many connections of clients a process with this many
// nodes can have under its limit of descriptors, and how many sessions. Of eight
// connections one is left to requests without a session: to the page, to idle
// connections, to polls beside an upgrade, and to handshakes that are refused.
func FromDescriptors(nodes int) (connections, sessions int) {
	return budget(descriptors(), nodes)
}

func budget(descriptors, nodes int) (connections, sessions int) {
	connections = max(descriptors-min(reserved+nodes*reservedPerNode, descriptors/2), 1)
	return connections, max(connections-connections/8, 1)
}

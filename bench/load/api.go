package load

import (
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os/exec"
	"time"
)

// ConnectArgs says which clients to connect.
type ConnectArgs struct {
	Addrs    []string // IPv4 addresses and ports of the nodes, which get equal shares of the clients
	EIO      int      // revision of Engine.IO: 3 or 4
	Clients  int
	InFlight int // handshakes in progress at once
	WarmUp   int // connections that are made before the rate is measured
}

// Connected is the result once all clients are connected.
type Connected struct {
	PerSecond float64 // handshakes a second, from the client after the warm-up to the last
	Seconds   float64 // from the first connect to the last client ready
}

// TrafficArgs says which messages to send.
type TrafficArgs struct {
	Messages  int
	PerSecond float64       // evenly spaced
	Senders   int           // clients that send in turn
	Drain     time.Duration // how long to wait for missing deliveries after the last message
}

// Traffic is what became of the messages. Every client, the sender included, should receive every message once.
type Traffic struct {
	Expected    int64 // messages times clients
	Delivered   int64 // without duplicates
	Undelivered int64
	Duplicates  int64
	Disorder    int64 // deliveries after a later message of the same sender
	Foreign     int64 // deliveries that are no message of this run, or changed
	Lost        int64 // clients that the server has dropped

	P50, P99, Max time.Duration // delays; a message that never arrived counts with the time that the generator waited for it
	Late          time.Duration // 99 of 100 messages were sent at most this long after they were due
	Seconds       float64       // from the first message to the last delivery, or to the end of the wait
	PerSecond     float64       // deliveries in this time
}

// AbuseArgs says which clients misbehave, beside those that are connected.
type AbuseArgs struct {
	Addr      string // of one node
	Stalled   int    // clients that stop reading
	Unpolled  int    // polling sessions that are never polled
	Flooders  int    // clients that send messages of Bytes bytes, each so many a second
	PerSecond float64
	Bytes     int
}

// StormArgs says how many clients stay when all others are dropped.
type StormArgs struct {
	Bystanders int
	Interval   time.Duration // between two messages to the bystanders
	Drain      time.Duration // how long to wait for missing ones in the end
}

// Storm is the result once all clients are connected again.
type Storm struct {
	Seconds  float64       // from the drop until the last client was back
	Gap      time.Duration // the longest time in which a bystander received no message
	Expected int64         // messages times bystanders
	Received int64
}

// Status is the state of the clients.
type Status struct {
	Ready  int64
	Silent int // clients whose server owes them a heartbeat
}

// stdio joins the two ends of a pair of pipes into one connection. Close closes the outgoing end.
type stdio struct {
	io.Reader
	io.WriteCloser
}

// Process is a generator as the bench sees it. It is a process of its own so that its CPU time and its descriptors are not
// counted as the server's. Its methods must not be called concurrently.
type Process struct {
	cmd    *exec.Cmd
	client *rpc.Client
}

// Start runs cmd, a command that calls Serve with its standard input and output.
func Start(cmd *exec.Cmd) (*Process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{cmd, jsonrpc.NewClient(stdio{out, in})}, nil
}

// PID is the generator's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Connect returns when all clients are connected.
func (p *Process) Connect(a ConnectArgs) (c Connected, err error) {
	err = p.client.Call(service+".Connect", a, &c)
	return c, err
}

// Traffic returns when the messages are delivered or given up.
func (p *Process) Traffic(a TrafficArgs) (t Traffic, err error) {
	err = p.client.Call(service+".Traffic", a, &t)
	return t, err
}

// Abuse connects clients that misbehave until the generator ends.
func (p *Process) Abuse(a AbuseArgs) error {
	return p.client.Call(service+".Abuse", a, &struct{}{})
}

// Storm drops all clients but a few at once, and returns when all are connected again.
func (p *Process) Storm(a StormArgs) (s Storm, err error) {
	err = p.client.Call(service+".Storm", a, &s)
	return s, err
}

// Status returns the state of the clients.
func (p *Process) Status() (s Status, err error) {
	err = p.client.Call(service+".Status", struct{}{}, &s)
	return s, err
}

// Stop ends the process and with it all its clients.
func (p *Process) Stop() error {
	_ = p.client.Close() // ends the generator's input; an error means that the generator has ended already
	return p.cmd.Wait()
}

// service is the generator's name in remote procedure calls.
const service = "Generator"

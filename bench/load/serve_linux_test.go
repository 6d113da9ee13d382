package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
	"sync"
	"testing"
	"time"
)

const upgradeAnswer = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + wsAccept + "\r\n\r\n"

// testServer is a small chat server. fault names what it does wrong with a message for a client.
type testServer struct {
	mu       sync.Mutex
	eio      int
	conns    []net.Conn
	beats    int
	messages int
	fault    func(client, message int) string
	answer   string // in place of the upgrade
}

func (s *testServer) listen(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { s.serve(c) })
		}
	})
	// Cleanups run in reverse order, so the generator has closed its clients before.
	t.Cleanup(func() {
		_ = l.Close()
		conns.Wait()
	})
	return l.Addr().String()
}

func (s *testServer) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	if _, err := http.ReadRequest(in); err != nil {
		return
	}
	if s.answer != "" {
		_, _ = io.WriteString(c, s.answer)
		return
	}
	_, _ = io.WriteString(c, upgradeAnswer)
	_, _ = c.Write(serverFrame(opText, `0{"sid":"x","pingInterval":50,"pingTimeout":40}`))
	if s.eio == 3 {
		s.join(c, "40")
	}
	for {
		var head [6]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		p := make([]byte, head[1]&127)
		if _, err := io.ReadFull(in, p); err != nil {
			return
		}
		for i := range p {
			p[i] ^= head[2+i&3]
		}
		s.packet(c, string(p))
	}
}

func (s *testServer) join(c net.Conn, connect string) {
	s.mu.Lock()
	defer s.mu.Unlock() // broadcast must not write to a client that has not connected
	s.conns = append(s.conns, c)
	_, _ = c.Write(serverFrame(opText, connect))
	if s.eio == 4 {
		_, _ = c.Write(serverFrame(opText, "2"))
	}
}

func (s *testServer) packet(c net.Conn, p string) {
	switch {
	case p == "40" && s.eio == 4:
		s.join(c, `40{"sid":"y"}`)
	case p == "2" && s.eio == 3:
		s.countBeat()
		_, _ = c.Write(serverFrame(opText, "3"))
	case p == "3" && s.eio == 4:
		s.countBeat()
	case strings.HasPrefix(p, "42"):
		s.broadcast(p)
	}
}

func (s *testServer) countBeat() {
	s.mu.Lock()
	s.beats++
	s.mu.Unlock()
}

func (s *testServer) broadcast(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.conns {
		fault := ""
		if s.fault != nil {
			fault = s.fault(i, s.messages)
		}
		switch fault {
		case "drop":
		case "twice":
			_, _ = c.Write(append(serverFrame(opText, p), serverFrame(opText, p)...))
		case "change":
			_, _ = c.Write(serverFrame(opText, strings.Replace(p, "seven", "eight", 1)))
		case "close":
			_ = c.(*net.TCPConn).CloseWrite() // Close could reset the connection, and the client lose earlier messages
		default:
			_, _ = c.Write(serverFrame(opText, p))
		}
	}
	s.messages++
}

// generate runs a generator in this process.
func generate(t *testing.T) *Process {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error)
	go func() { done <- Serve(inR, outW) }()
	client := rpc.NewClientWithCodec(jsonrpc.NewClientCodec(stdio{outR, inW}))
	t.Cleanup(func() {
		_ = client.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &Process{client: client}
}

func TestEveryMessageInBothProtocols(t *testing.T) {
	for _, eio := range []int{3, 4} {
		t.Run(fmt.Sprint(eio), func(t *testing.T) {
			s := &testServer{eio: eio}
			addr, gen := s.listen(t), generate(t)
			if _, err := gen.Traffic(TrafficArgs{Messages: 1, PerSecond: 1, Senders: 1}); err == nil {
				t.Error("traffic before there are clients")
			}
			if _, err := gen.Connect(ConnectArgs{EIO: eio, Clients: 1}); err == nil {
				t.Error("connected to no node")
			}
			c, err := gen.Connect(ConnectArgs{Addrs: []string{addr}, EIO: eio, Clients: 40, InFlight: 7, WarmUp: 5})
			if err != nil || c.PerSecond <= 0 {
				t.Fatalf("%+v, %v", c, err)
			}
			tr, err := gen.Traffic(TrafficArgs{Messages: 100, PerSecond: 500, Senders: 8, Drain: 30 * time.Second})
			if err != nil || tr.Delivered != 4000 || tr.Expected != 4000 ||
				tr.Undelivered+tr.Duplicates+tr.Disorder+tr.Foreign+tr.Lost != 0 || tr.P50 <= 0 || tr.P99 < tr.P50 || tr.Max < tr.P99 {
				t.Errorf("%+v, %v", tr, err)
			}
			st, err := gen.Status()
			if s.mu.Lock(); err != nil || st.Ready != 40 || s.beats < 40 {
				t.Errorf("%+v, %v, %d heartbeats", st, err, s.beats)
			}
			s.mu.Unlock()
		})
	}
}

func TestClientsAreSharedOutAmongNodes(t *testing.T) {
	a, b := &testServer{eio: 3}, &testServer{eio: 3}
	addrs, gen := []string{a.listen(t), b.listen(t)}, generate(t)
	if _, err := gen.Connect(ConnectArgs{Addrs: addrs, EIO: 3, Clients: 10, InFlight: 3}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*testServer{a, b} {
		if s.mu.Lock(); len(s.conns) != 5 {
			t.Errorf("%d clients, want 5", len(s.conns))
		}
		s.mu.Unlock()
	}
}

func TestEveryFaultIsSeen(t *testing.T) {
	s := &testServer{eio: 3, fault: func(client, message int) string {
		return map[[2]int]string{{1, 3}: "drop", {2, 5}: "twice", {3, 7}: "change", {4, 18}: "close"}[[2]int{client, message}]
	}}
	addr, gen := s.listen(t), generate(t)
	if _, err := gen.Connect(ConnectArgs{Addrs: []string{addr}, EIO: 3, Clients: 10, InFlight: 1}); err != nil {
		t.Fatal(err)
	}
	// The server knows the clients in order, so the only sender is the first, and not the one that it closes.
	a := TrafficArgs{Messages: 20, PerSecond: 400, Senders: 1, Drain: time.Second}
	tr, err := gen.Traffic(a)
	if err != nil || tr.Duplicates != 1 || tr.Foreign != 1 || tr.Lost != 1 || tr.Undelivered != 1+1+2 || tr.Delivered != tr.Expected-4 {
		t.Errorf("%+v, %v", tr, err)
	}
	if tr.Max < a.Drain {
		t.Errorf("a missing message counts with a delay of at most %v", tr.Max)
	}
	if _, err := gen.Traffic(a); err == nil {
		t.Error("traffic goes on although a client is missing")
	}
}

// All clients but a few are dropped and come back, and the few receive every message meanwhile.
func TestStorm(t *testing.T) {
	s := &testServer{eio: 3}
	addr, gen := s.listen(t), generate(t)
	a := StormArgs{Bystanders: 5, Interval: time.Millisecond, Drain: 30 * time.Second}
	if _, err := gen.Storm(a); err == nil {
		t.Error("a storm before there are clients")
	}
	if _, err := gen.Connect(ConnectArgs{Addrs: []string{addr}, EIO: 3, Clients: 60, InFlight: 7}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		st, err := gen.Storm(a)
		if err != nil || st.Seconds <= 0 || st.Gap <= 0 || st.Received != st.Expected {
			t.Errorf("%+v, %v", st, err)
		}
	}
	s.mu.Lock()
	connections := len(s.conns)
	s.mu.Unlock()
	if status, err := gen.Status(); err != nil || status.Ready != 60 || connections != 60+2*55 {
		t.Errorf("%+v, %v, %d connections, want 60 and 170 of them", status, err, connections)
	}
	for _, bystanders := range []int{0, 60} {
		if _, err := gen.Storm(StormArgs{Bystanders: bystanders, Interval: time.Second}); err == nil {
			t.Errorf("a storm with %d bystanders of 60", bystanders)
		}
	}
}

func TestRefusalsAreErrors(t *testing.T) {
	for name, s := range map[string]*testServer{
		"400":          {answer: "HTTP/1.1 400 Bad Request\r\n\r\n"},
		"not our key":  {answer: "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"},
		"close":        {answer: " "},
		"no open":      {answer: upgradeAnswer + string(serverFrame(opText, "40"))},
		"error packet": {answer: upgradeAnswer + string(serverFrame(opText, "44"))},
	} {
		t.Run(name, func(t *testing.T) {
			addr := s.listen(t)
			_, err := generate(t).Connect(ConnectArgs{Addrs: []string{addr}, EIO: 3, Clients: 3, InFlight: 2})
			if err == nil || !strings.HasPrefix(err.Error(), "0 of 3 clients connected") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSilentServersAreSeen(t *testing.T) {
	s := &testServer{eio: 4} // pings once, then never again
	addr, gen := s.listen(t), generate(t)
	if _, err := gen.Connect(ConnectArgs{Addrs: []string{addr}, EIO: 4, Clients: 3, InFlight: 2}); err != nil {
		t.Fatal(err)
	}
	for st := (Status{}); st.Silent != 3; { // fails by the test's own time limit
		var err error
		if st, err = gen.Status(); err != nil {
			t.Fatal(err)
		}
	}
}

// A read may end anywhere, in the header of the upgrade as well.
func TestReceivedInPieces(t *testing.T) {
	stream := []byte(upgradeAnswer)
	for _, p := range []string{`0{"sid":"x","pingInterval":50,"pingTimeout":40}`, "40", string(appendMessage(nil, 1, 0, 7))} {
		stream = append(stream, serverFrame(opText, p)...)
	}
	for cut := range stream {
		l := &loop{gen: &generator{}, record: newRecord(1, 1, 1, 1)}
		c := &client{loop: l, state: upgrading}
		for _, piece := range [][]byte{stream[:cut], stream[cut:]} {
			if err := c.received(piece, 9); err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
		}
		if c.state != ready || l.record.delivered != 1 || len(c.rest) != 0 {
			t.Errorf("cut at %d: state %d, %d messages, %d bytes left", cut, c.state, l.record.delivered, len(c.rest))
		}
	}
}

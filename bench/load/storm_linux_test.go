package load

import (
	"testing"
	"time"
)

// What clients that misbehave send is no fault of the server, and disturbs no record.
func TestAbuse(t *testing.T) {
	s := &testServer{eio: 3}
	addr, gen := s.listen(t), generate(t)
	if _, err := gen.Connect(ConnectArgs{Addrs: []string{addr}, EIO: 3, Clients: 4, InFlight: 4}); err != nil {
		t.Fatal(err)
	}
	if err := gen.Abuse(AbuseArgs{Addr: addr, Stalled: 2, Flooders: 3, PerSecond: 1000, Bytes: 20}); err != nil {
		t.Fatal(err)
	}
	tr, err := gen.Traffic(TrafficArgs{Messages: 50, PerSecond: 500, Senders: 2, Drain: 30 * time.Second})
	if err != nil || tr.Delivered != 200 || tr.Foreign != 0 {
		t.Errorf("%+v, %v", tr, err)
	}
	s.mu.Lock()
	if len(s.conns) != 4+2+3 || s.messages <= 50 {
		t.Errorf("%d clients and %d messages, want 9 and more than 50", len(s.conns), s.messages)
	}
	s.mu.Unlock()
	if err := gen.Abuse(AbuseArgs{Addr: addr, Unpolled: 1}); err == nil {
		t.Error("a polling session with a server that has none")
	}
}

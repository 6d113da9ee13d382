package limit

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tsunagu/internal/engine"
)

// admit asks for a session from an IPv4 address and checks the answer.
func admit(t *testing.T, l *Limiter, address string, want engine.RefuseReason) netip.Addr {
	t.Helper()
	from, got := l.Admit(request(address + ":1234"))
	if got != want {
		t.Errorf("a handshake from %s is refused for %q, want %q", address, got, want)
	}
	return from
}

func TestMaxSessions(t *testing.T) {
	l := New(Config{MaxSessions: 2})
	a := admit(t, l, "203.0.113.1", "")
	admit(t, l, "203.0.113.1", "")
	admit(t, l, "203.0.113.2", engine.RefusedFull)
	l.Release(a)
	admit(t, l, "203.0.113.2", "")
	admit(t, l, "203.0.113.1", engine.RefusedFull)
}

func TestNoLimits(t *testing.T) {
	l := New(Config{})
	for range 10_000 {
		if from := admit(t, l, "203.0.113.1", ""); from.IsValid() {
			t.Fatalf("the session is from %v, which no limit needs", from)
		}
	}
}

func TestMaxPerAddress(t *testing.T) {
	l := New(Config{MaxPerAddress: 2, MaxSessions: 4, Proxies: proxies(t, "10.0.0.1")})
	a := admit(t, l, "203.0.113.1", "")
	b := admit(t, l, "203.0.113.1", "")
	admit(t, l, "203.0.113.1", engine.RefusedAddressFull)
	admit(t, l, "203.0.113.2", "")
	behind := request("10.0.0.1:1", "203.0.113.1")
	if _, refused := l.Admit(behind); refused != engine.RefusedAddressFull {
		t.Errorf("the address is refused for %q behind a proxy, want %q", refused, engine.RefusedAddressFull)
	}
	l.Release(a)
	if _, refused := l.Admit(behind); refused != "" {
		t.Errorf("the address is refused for %q behind a proxy after a session has ended", refused)
	}
	admit(t, l, "203.0.113.3", "")
	admit(t, l, "203.0.113.4", engine.RefusedFull)
	l.Release(b)
	admit(t, l, "203.0.113.4", "")
}

// The sessions of all addresses of an IPv6 network count together.
func TestMaxPerNetwork(t *testing.T) {
	l := New(Config{MaxPerAddress: 2})
	for i, want := range []engine.RefuseReason{"", "", engine.RefusedAddressFull} {
		remote := fmt.Sprintf("[2001:db8::%x]:1", i)
		if _, refused := l.Admit(request(remote)); refused != want {
			t.Errorf("session %d of the network is refused for %q, want %q", i, refused, want)
		}
	}
	if _, refused := l.Admit(request("[2001:db8:0:1::1]:1")); refused != "" {
		t.Errorf("another network is refused for %q", refused)
	}
}

// What a Limiter keeps of addresses ends with their sessions.
func TestAddressesAreForgotten(t *testing.T) {
	l := New(Config{MaxPerAddress: 3, MaxSessions: 50})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 1000 {
				remote := fmt.Sprintf("10.0.%d.%d:1", worker/2, i%100)
				if from, refused := l.Admit(request(remote)); refused == "" {
					l.Release(from)
				}
			}
		})
	}
	all.Wait()
	if l.sessions != 0 || len(l.perAddress) != 0 {
		t.Errorf("%d sessions of %d addresses are counted, and there are none", l.sessions, len(l.perAddress))
	}
}

func TestHandshakeRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{HandshakeRate: 0.5, HandshakeBurst: 3})
		for range 3 {
			admit(t, l, "203.0.113.1", "")
		}
		for range 5 { // a refused handshake does not count
			admit(t, l, "203.0.113.1", engine.RefusedHandshakeRate)
		}
		admit(t, l, "203.0.113.2", "")
		for range 20 { // generations come and go meanwhile
			<-time.After(1999 * time.Millisecond)
			admit(t, l, "203.0.113.1", engine.RefusedHandshakeRate)
			<-time.After(time.Millisecond)
			admit(t, l, "203.0.113.1", "")
			admit(t, l, "203.0.113.1", engine.RefusedHandshakeRate)
		}
		<-time.After(time.Hour)
		for range 3 {
			admit(t, l, "203.0.113.1", "")
		}
		admit(t, l, "203.0.113.1", engine.RefusedHandshakeRate)
	})
}

// The address with the n-th number of a /32, as somebody with many networks has them.
func network(n int) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	b[0] = 0x20
	return netip.AddrFrom16(b)
}

// However many addresses there are, the buckets take bounded memory, and the last
// addresses have theirs.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Now()
	b := buckets{limit: 1, burst: 10, max: 1000}
	for n := range 50_000 {
		now = now.Add(time.Microsecond)
		if !b.allow(network(n), now) {
			t.Fatalf("address %d is refused its first handshake", n)
		}
		if held := len(b.young) + len(b.old); held > 2*b.max {
			t.Fatalf("after %d addresses %d are held, want %d at most", n+1, held, 2*b.max)
		}
	}
	recent := network(49_500)
	for range 9 {
		if !b.allow(recent, now) {
			t.Fatal("a recent address is refused within its burst")
		}
	}
	if b.allow(recent, now) {
		t.Error("a recent address got a new bucket")
	}
}

// Buckets that are full again are forgotten.
func TestBucketsExpire(t *testing.T) {
	now := time.Now()
	b := buckets{limit: 1, burst: 10, max: 1000}
	for n := range 500 {
		b.allow(network(n), now)
	}
	for range 2 {
		now = now.Add(11 * time.Second)
		b.allow(network(0), now)
	}
	if held := len(b.young) + len(b.old); held != 2 {
		t.Errorf("%d buckets are held, want those of the last address", held)
	}
}

package limit

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tsunagu/internal/engine"
)

// Config holds the settings of a Limiter. A zero field sets no limit.
type Config struct {
	// MaxSessions is the maximum number of sessions.
	MaxSessions int
	// MaxPerAddress is the maximum number of sessions of one IPv4 address or one IPv6
	// network of 64 bits.
	MaxPerAddress int
	// HandshakeRate is how many handshakes a second one address may make, after
	// HandshakeBurst at once, which must be at least 1.
	HandshakeRate  rate.Limit
	HandshakeBurst int
	// Proxies are those whose X-Forwarded-For headers tell the addresses of clients.
	Proxies Proxies
}

// A Limiter admits sessions up to the limits of a Config. It implements
// engine.Admission. Its methods may be called concurrently.
type Limiter struct {
	cfg Config

	mu sync.Mutex
	// guarded by mu
	sessions   int
	perAddress map[netip.Addr]int // never 0; used with MaxPerAddress
	handshakes buckets
}

// New returns a Limiter without sessions.
func New(cfg Config) *Limiter {
	return &Limiter{
		cfg:        cfg,
		perAddress: make(map[netip.Addr]int),
		handshakes: buckets{limit: cfg.HandshakeRate, burst: cfg.HandshakeBurst, max: maxBuckets},
	}
}

// MaxSessions returns the maximum number of sessions, 0 if there is none.
func (l *Limiter) MaxSessions() int { return l.cfg.MaxSessions }

// Admit implements engine.Admission. The result from is the zero Addr where no limit
// of one address is set.
func (l *Limiter) Admit(r *http.Request) (from netip.Addr, refused engine.RefuseReason) {
	if l.cfg.MaxPerAddress > 0 || l.cfg.HandshakeRate > 0 {
		from = l.cfg.Proxies.client(r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.cfg.HandshakeRate > 0 && !l.handshakes.allow(from, time.Now()):
		return from, engine.RefusedHandshakeRate
	case l.cfg.MaxPerAddress > 0 && l.perAddress[from] >= l.cfg.MaxPerAddress:
		return from, engine.RefusedAddressFull
	case l.cfg.MaxSessions > 0 && l.sessions >= l.cfg.MaxSessions:
		return from, engine.RefusedFull
	}
	l.sessions++
	if l.cfg.MaxPerAddress > 0 {
		l.perAddress[from]++
	}
	return from, ""
}

// Release implements engine.Admission.
func (l *Limiter) Release(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions--
	if l.cfg.MaxPerAddress == 0 {
		return
	}
	if l.perAddress[from]--; l.perAddress[from] == 0 {
		delete(l.perAddress, from)
	}
}

// maxBuckets is how many addresses a generation of buckets holds. Two generations take
// about 8 MB.
const maxBuckets = 1 << 15

// buckets has a token bucket for each address that was seen of late, in two
// generations. An address moves to the young one when it is seen. A generation lasts
// as long as an empty bucket takes to fill up. So a bucket that goes with the old one
// is full, and as good as a new one.
//
// A generation also ends when it holds max addresses. Then some get a full bucket too
// early. Who has that many addresses gains nothing: each new one has a full bucket
// anyway. To refuse new addresses instead would lock out everybody else.
type buckets struct {
	limit      rate.Limit
	burst, max int

	began      time.Time // of the young generation
	young, old map[netip.Addr]*rate.Limiter
}

func (b *buckets) allow(addr netip.Addr, now time.Time) bool {
	lifetime := time.Duration(float64(b.burst) / float64(b.limit) * float64(time.Second))
	if b.young == nil || len(b.young) >= b.max || now.Sub(b.began) > lifetime {
		b.young, b.old, b.began = make(map[netip.Addr]*rate.Limiter), b.young, now
	}
	bucket := b.young[addr]
	if bucket == nil {
		if bucket = b.old[addr]; bucket == nil {
			bucket = rate.NewLimiter(b.limit, b.burst)
		}
		b.young[addr] = bucket
	}
	return bucket.AllowN(now, 1)
}

package engine

import (
	"time"

	"golang.org/x/time/rate"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// maxThrottle is the longest pause of a client above its rate. Behind it the client has
// to show again that it is alive.
const maxThrottle = 30 * time.Second

// A throttle slows a client down to Config.MessageRate. The session's mu guards it.
type throttle struct {
	packets *rate.Limiter
	resume  *time.Timer // ends the pause
	noop    time.Time   // when the last noop was sent
}

// newThrottle returns nil where no rate is set.
func newThrottle(cfg Config) *throttle {
	if cfg.MessageRate <= 0 {
		return nil
	}
	return &throttle{packets: rate.NewLimiter(cfg.MessageRate, cfg.MessageBurst)}
}

// throttleLocked counts a packet that has arrived. It pauses the session if the client
// is above its rate, until the client may send the next one. Packets wait at the
// client meanwhile. None is dropped: clients of Socket.IO rely on what they send over
// an open connection, and would not learn of it.
func (s *Session) throttleLocked() {
	t := s.throttle
	if t == nil {
		return
	}
	wait := min(t.packets.Reserve().Delay(), maxThrottle)
	if wait == 0 || s.pausers&byRate != 0 {
		return
	}
	s.server.count.slowed.Add(1)
	s.pauseLocked(byRate)
	t.resume = time.AfterFunc(wait, s.endThrottle)
	// The next ping of a client of revision 3 may wait behind its messages through
	// many pauses, each too short for keepAliveLocked.
	if s.revision == Revision3 && time.Since(t.noop) > s.server.cfg.PingTimeout3/4 {
		t.noop = time.Now()
		s.sendLocked(packet.Packet{Type: packet.Noop})
	}
}

// endThrottle ends the pause that throttleLocked began.
func (s *Session) endThrottle() {
	defer s.server.cfg.Panics.Recover(panics.Timer, s.Abort)
	s.endPause(byRate)
}

package adapter

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff yields pauses that double from low to high, each shortened by up to
// half at random.
type backoff struct {
	low, high, cur time.Duration
}

func (b *backoff) next() time.Duration {
	b.cur = min(max(2*b.cur, b.low), b.high)
	return b.cur - rand.N(b.cur/2+1)
}

func (b *backoff) reset() { b.cur = 0 }

// pause waits for d or until ctx is done, and says whether ctx is not.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package node

import (
	"context"
	"log/slog"
	"net"
	"time"

	"tsunagu/internal/web"
)

// pollGrace is how long the node still accepts connections for the polls by which
// clients get what is queued for them. It is shorter than the 0.5 s after which a
// client that was told to go connects again: that is for another node.
const pollGrace = 400 * time.Millisecond

// answerGrace is how long answers to requests may be under way once the sessions have
// ended. It is short because net/http also waits for connections without a request.
const answerGrace = time.Second

// A shutdown divides the time of Config.Drain among its steps.
type shutdown struct {
	began time.Time
	limit time.Duration
	log   *slog.Logger
}

// step runs f with a context that ends when a share of the limit has passed since the
// beginning, or a little later if earlier steps have used that up. If f fails it logs
// the consequence.
func (s *shutdown) step(share float64, consequence string, f func(context.Context) error) error {
	left := time.Duration(share*float64(s.limit)) - time.Since(s.began)
	ctx, cancel := context.WithTimeout(context.Background(), max(left, s.limit/20))
	defer cancel()
	err := f(ctx)
	if err != nil {
		s.log.Warn("shutdown: "+consequence, "after", time.Since(s.began).Round(time.Millisecond), "err", err)
	}
	return err
}

// shutdown ends the node in the order in which a message passes its parts. What clients
// have said is published, what Redis has sent is delivered, and only then are clients
// told to go: first those that poll, while they can still connect.
func (n *Node) shutdown(s *shutdown, srv *web.Server, l net.Listener, endRelay func()) {
	n.report.Draining()
	n.log.Info("stopping", "sessions", n.engine.Len())
	flush := n.relay.Flush
	const away = "redis does not take the messages that wait; closing sessions"
	s.step(0.1, away, flush)
	grace, cancel := context.WithTimeout(context.Background(), min(pollGrace, s.limit/20))
	n.engine.DrainPolling(grace) // the clients that are left have their connections, or are gone
	cancel()
	l.Close()
	s.step(0.2, away, flush)
	s.step(0.5, "some clients did not read their last messages; closing their connections", n.engine.Drain)
	left := s.step(0.7, "some sessions did not end; the exit closes their connections", n.engine.Shutdown)
	s.step(0.75, "some requests did not end; closing their connections", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, answerGrace)
		defer cancel()
		defer srv.Close()
		return srv.Shutdown(ctx)
	})
	s.step(0.8, "a handler still runs; its messages may be lost", n.bridge.Wait)
	s.step(0.95, "redis does not take the messages that wait; dropping them", flush)
	endRelay()
	handlers := s.step(1, "a handler still runs; the exit ends it", n.bridge.Wait)
	if left == nil && handlers == nil {
		n.bridge.Close() // otherwise go-socket.io could panic over an event of a session that is left
	}
	n.chat.Close()
	n.log.Info("stopped", "after", time.Since(s.began).Round(time.Millisecond))
}

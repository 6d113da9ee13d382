package adapter

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// errElsewhere is what two servers that both take themselves for the master
// look like. New connections, the publisher's as well, find the right one.
var errElsewhere = errors.New("the log does not hold what was announced: two connections lead to different servers")

// message takes one message of either channel.
func (s *subscriber) message(m *redis.Message, w *watch, log *logReader) error {
	switch m.Channel {
	case s.names.bare:
		if pos, ok := s.track.receive(m.Payload); ok {
			s.deliver([]byte(m.Payload), pos)
		}
	case s.names.lines:
		a, err := parseAnnouncement(m.Payload)
		if err != nil {
			s.cfg.Logger.Debug("ignoring a message on the channel of announcements", "channel", m.Channel, "error", err)
			return nil
		}
		s.echo.hear(a)
		if s.track.announce(a) {
			s.count.gaps.Add(1)
			if err := s.catchUp(w, log); err != nil {
				return err
			}
			if s.track.lacks(a) {
				return errElsewhere
			}
		}
	}
	return nil
}

// catchUp hands on the lines of the log that this node has not heard.
func (s *subscriber) catchUp(w *watch, log *logReader) error {
	w.setBusy(true)
	defer w.setBusy(false)
	r := s.track.read()
	defer func() {
		if r.lost > 0 {
			s.count.lost.Add(int64(r.lost))
			s.cfg.Logger.Error("messages are lost: redis has dropped them and no node holds them", "messages", r.lost)
		}
	}()
	for !r.done {
		p, err := log.page(r.from())
		if err != nil {
			return err
		}
		for _, e := range s.track.page(r, p) {
			s.deliver(e.text, e.pos)
		}
	}
	return nil
}

func (s *subscriber) deliver(line []byte, pos Position) {
	s.count.received.Add(1)
	s.protect(func() error { // the next line is to come all the same
		s.to.Receive(line, pos)
		return nil
	})
}

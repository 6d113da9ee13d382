package adapter

import (
	"context"
)

// logReader reads the log for one subscription, over a connection of its own
// that it makes when it is needed.
type logReader struct {
	ctx  context.Context
	a    *Adapter
	conn *connection
}

// page reads one page. A connection that has died since the last one is
// replaced, once.
func (l *logReader) page(from string) (page, error) {
	old := l.conn != nil
	p, err := l.attempt(from)
	if err != nil && old && !isRefusal(err) {
		p, err = l.attempt(from)
	}
	return p, err
}

func (l *logReader) attempt(from string) (page, error) {
	if l.conn == nil {
		l.conn = newConnection(l.ctx, l.a.opts)
	}
	p, err := readPage(l.conn.client, l.a.names, from)
	if err != nil {
		up := l.conn.up.Load()
		l.close()
		if !up { // a refused password is no refusal to read
			return page{}, greetingError{err}
		}
	}
	return p, err
}

func (l *logReader) close() {
	if l.conn != nil {
		l.conn.close()
		l.conn = nil
	}
}

// greetingError hides from refusalOf that Redis answered.
type greetingError struct{ err error }

func (e greetingError) Error() string { return e.err.Error() }

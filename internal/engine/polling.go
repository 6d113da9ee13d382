package engine

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"tsunagu/internal/packet"
	"tsunagu/internal/panics"
)

// past is a deadline that makes reads and writes fail at once.
var past = time.Unix(1, 0)

// A poll is a pending GET request.
type poll struct {
	answer chan [][]byte // frames; buffer of one; receives one value
	size   int           // of the answer in bytes, as counted in Session.unread; guarded by the session's mu
}

// A post is a running POST request.
type post struct {
	abort func() // makes reading the body fail; nil after the body was read
}

func (s *Session) servePolling(w http.ResponseWriter, r *http.Request) {
	defer s.server.cfg.Panics.Recover(panics.Request, s.abortRequest)
	switch {
	case r.Method == http.MethodGet:
		s.servePoll(w, r)
	case r.Method == http.MethodPost:
		s.servePost(w, r)
	case r.Method == http.MethodOptions && s.jsonp == "":
		s.setHeaders(w, r)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.WriteHeader(http.StatusOK)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// servePoll waits until there are packets and answers with them.
func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	p := s.startPoll()
	if p == nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.Header = keepHeader(r.Header, "Accept-Encoding", "Origin", "User-Agent")
	select {
	case frames := <-p.answer:
		s.writePoll(w, r, p, frames)
	case <-r.Context().Done():
		s.abandonPoll(p)
	}
	s.resizeAnswer(p, 0)
}

// keepHeader returns a header with some fields, while a request waits. A header can take
// twenty times the memory of what was sent, and each of its values keeps all of them,
// because net/http cuts them from one slice.
func keepHeader(h http.Header, names ...string) http.Header {
	kept := make(http.Header, len(names))
	for _, name := range names {
		if values := h[name]; len(values) > 0 {
			kept[name] = slices.Clone(values)
		}
	}
	return kept
}

// abandonPoll closes the session of a client that disconnected during a poll. It
// does nothing if the poll was answered already: browsers abort the last poll of
// an upgrade.
func (s *Session) abandonPoll(p *poll) {
	s.mu.Lock()
	defer s.unlock()
	if s.poll == p {
		s.closeLocked(TransportError)
	}
}

// startPoll registers a poll. A second concurrent poll closes the session, because
// the server cannot know which of the two the client reads.
func (s *Session) startPoll() *poll {
	s.mu.Lock()
	defer s.unlock()
	if s.poll != nil {
		s.closeLocked(TransportError)
		return nil
	}
	p := &poll{answer: make(chan [][]byte, 1)}
	s.poll, s.polled = p, time.Now()
	switch {
	case s.late != nil:
		s.answerPollLocked(s.late.answer)
		close(s.late.came)
		s.late = nil
	case s.out.state == closed || s.ws != nil:
		s.answerPollLocked(packet.Close)
	case s.out.state == closing && !s.out.waiting() && !s.awaitsPostLocked():
		s.answerPollLocked(packet.Noop, packet.Close)
		s.closeLocked(s.closeReason)
	default:
		s.flushLocked()
	}
	return p
}

func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	p := &post{abort: func() {
		http.NewResponseController(w).SetReadDeadline(past)
	}}
	if !s.startPost(p) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := s.readBody(w, r)
	defer s.endPost(p)
	wanted := s.endReading(p, err)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		s.server.count.refuse(RefusedTooLarge)
		w.Header().Set("Connection", "close") // instead of reading the rest
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil || !wanted {
		panic(http.ErrAbortHandler) // resets the connection
	}
	s.receivePayload(r.Header.Get("Content-Type"), body)
	s.awaitLatePoll()
	s.setHeaders(w, r)
	// Some browsers would offer text/plain as a download.
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", "2")
	// A pause may have lasted longer than a request may take.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
	io.WriteString(w, "ok")
}

// readBody reads the body of a POST. It reads nothing of one that is announced as
// too long.
func (s *Session) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := int64(s.server.cfg.MaxPayload)
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	s.server.count.bytesIn.Add(int64(len(body)))
	return body, err
}

// startPost registers a POST. A second concurrent POST closes the session.
func (s *Session) startPost(p *post) bool {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.post != nil:
		s.closeLocked(TransportError)
		return false
	case s.out.state == closed, s.ws != nil: // it changed after verify
		return false
	}
	s.post = p
	return true
}

// endReading reports whether the session still waits for this POST. If it does, an
// error while reading the body closes the session.
func (s *Session) endReading(p *post, err error) bool {
	s.mu.Lock()
	defer s.unlock()
	p.abort = nil
	if s.post != p {
		return false
	}
	if err != nil {
		s.closeLocked(TransportError)
	}
	return true
}

func (s *Session) endPost(p *post) {
	s.mu.Lock()
	defer s.unlock()
	if s.post == p {
		s.post = nil
		s.flushLocked() // the end of the session may have waited for it
	}
}

// abortPostLocked makes the running POST fail. servePost then resets its
// connection.
func (s *Session) abortPostLocked() {
	if s.post != nil && s.post.abort != nil {
		s.post.abort()
	}
	s.post = nil
}

// receivePayload handles the packets of one body. Packets before a malformed one
// are handled too.
func (s *Session) receivePayload(contentType string, body []byte) {
	octets := contentType == "application/octet-stream"
	if s.jsonp != "" {
		data, ok := jsonpData(body)
		if octets || !ok {
			return // not a form, so there are no packets
		}
		body, octets = data, false
	}
	payload := packet.Payload3(body)
	switch {
	case s.revision == Revision4:
		payload = packet.Payload4(body)
	case octets:
		payload = packet.BinaryPayload3(body)
	}
	for p, err := range payload {
		if err != nil {
			s.closeByPost(ParseError, packet.Close)
			return
		}
		if p.Type == packet.Close {
			// The poll ends with a noop, as in the original.
			s.closeByPost(TransportClose, packet.Noop)
			return
		}
		if !s.receive(p, len(body)) {
			return
		}
	}
}

// jsonpData returns the payload of a form post. Browsers send newlines in forms as
// "\r\n", so the client escapes them: \n means a newline, \\n means a backslash
// and an n.
func jsonpData(body []byte) ([]byte, bool) {
	d := parseForm(string(body))["d"]
	if len(d) != 1 {
		return nil, false
	}
	return unescapeNewlines(d[0]), true
}

func unescapeNewlines(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\\n`):
			out = append(out, `\n`...)
			i += 2
		case strings.HasPrefix(s[i:], `\n`):
			out = append(out, '\n')
			i++
		default:
			out = append(out, s[i])
		}
	}
	return out
}

package engine

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tsunagu/internal/packet"
)

// answerTimeout is how long a client may take to read the answer to a poll. No
// other timeout covers this, because the session is finished with the request by
// then.
const answerTimeout = time.Minute

// past is a deadline that makes reads and writes fail at once.
var past = time.Unix(1, 0)

// A poll is a pending GET request.
type poll struct {
	answer chan []packet.Packet // buffer of one; receives one value
}

// A post is a running POST request.
type post struct {
	abort func() // makes reading the body fail; nil after the body was read
}

func (s *Session) servePolling(w http.ResponseWriter, r *http.Request) {
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
	// A map of headers can take twenty times the memory of what was sent. While
	// the poll waits, only the fields that the answer depends on are kept.
	r.Header = http.Header{
		"Accept-Encoding": r.Header["Accept-Encoding"],
		"Origin":          r.Header["Origin"],
		"User-Agent":      r.Header["User-Agent"],
	}
	select {
	case ps := <-p.answer:
		s.writePoll(w, r, ps)
	case <-r.Context().Done():
		s.abandonPoll(p)
	}
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
	p := &poll{answer: make(chan []packet.Packet, 1)}
	s.poll = p
	switch {
	case s.late != nil:
		s.answerPollLocked([]packet.Packet{{Type: s.late.answer}})
		close(s.late.came)
		s.late = nil
	case s.out.state == closed || s.ws != nil:
		s.answerPollLocked([]packet.Packet{{Type: packet.Close}})
	case s.out.state == closing && !s.out.waiting():
		s.answerPollLocked([]packet.Packet{{Type: packet.Noop}, {Type: packet.Close}})
		s.closeLocked(ForcedClose)
	default:
		s.flushLocked()
	}
	return p
}

func (s *Session) answerPollLocked(ps []packet.Packet) {
	s.poll.answer <- ps // does not block: the buffer is empty
	s.poll = nil
}

// setHeaders sets the headers that all answers to polling clients have.
func (s *Session) setHeaders(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if s.jsonp == "" {
		allowOrigin(h, r)
	}
	// Old versions of Internet Explorer would report the answers as an XSS attack.
	if ua := r.UserAgent(); strings.Contains(ua, ";MSIE") || strings.Contains(ua, "Trident/") {
		h.Set("X-XSS-Protection", "0")
	}
	h.Set("Set-Cookie", "io="+s.id+"; Path=/; HttpOnly")
}

func (s *Session) writePoll(w http.ResponseWriter, r *http.Request, ps []packet.Packet) {
	var body []byte
	binary := false
	if s.revision == Revision4 {
		body = packet.AppendPayload4(nil, ps)
	} else {
		body, binary = packet.AppendPayload3(nil, ps, !s.base64)
	}
	contentType := "text/plain; charset=UTF-8"
	if binary {
		contentType = "application/octet-stream"
	}
	if s.jsonp != "" {
		body = appendJSONP(nil, s.jsonp, body)
	}
	s.setHeaders(w, r)
	w.Header().Set("Content-Type", contentType)
	if encoding, packed := compress(strings.Join(r.Header.Values("Accept-Encoding"), ","), body); encoding != "" {
		w.Header().Set("Content-Encoding", encoding)
		body = packed
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	// net/http removes the deadline after it has sent the answer.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
	if s.beginAnswer(len(body)) {
		n, _ := w.Write(body) // nothing to do about an error: the packets are lost with the connection
		s.endAnswer(len(body))
		s.server.count.bytesOut.Add(int64(n))
	}
}

// beginAnswer counts the bytes of an answer until it has been written. A client
// that polls again and again without reading the answers is too slow.
func (s *Session) beginAnswer(n int) bool {
	s.mu.Lock()
	defer s.unlock()
	if s.unread > 0 && s.unread+n > s.server.cfg.MaxQueue {
		s.closeLocked(TooSlow)
		return false
	}
	s.unread += n
	return true
}

func (s *Session) endAnswer(n int) {
	s.mu.Lock()
	defer s.unlock()
	s.unread -= n
}

// appendJSONP writes a payload as a JavaScript call. It escapes U+2028 and U+2029,
// which JSON strings may contain but JavaScript strings may not.
func appendJSONP(dst []byte, head string, payload []byte) []byte {
	dst = append(dst, head...)
	at := len(dst)
	dst = packet.AppendJSONString(dst, payload)
	js := bytes.ReplaceAll(dst[at:], []byte("\u2028"), []byte(`\u2028`))
	js = bytes.ReplaceAll(js, []byte("\u2029"), []byte(`\u2029`))
	return append(append(dst[:at:at], js...), ");"...)
}

func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	p := &post{abort: func() {
		http.NewResponseController(w).SetReadDeadline(past)
	}}
	if !s.startPost(p) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.server.cfg.MaxPayload)))
	s.server.count.bytesIn.Add(int64(len(body)))
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
	io.WriteString(w, "ok")
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
	s.receiving.Lock()
	defer s.receiving.Unlock()
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

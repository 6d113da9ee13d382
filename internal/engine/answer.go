package engine

import (
	"bytes"
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

// answerPollLocked answers the pending poll with packets that have no data.
func (s *Session) answerPollLocked(types ...packet.Type) {
	var frames []byte
	for _, t := range types {
		frames = packet.AppendPacketFrame(frames, packet.Packet{Type: t})
	}
	s.answerFramesLocked([][]byte{frames})
}

// answerFramesLocked answers the pending poll.
func (s *Session) answerFramesLocked(frames [][]byte) {
	s.poll.size = sizeOf(frames)
	s.unread += s.poll.size
	s.poll.answer <- frames // does not block: the buffer is empty
	s.poll = nil
}

func sizeOf(frames [][]byte) (n int) {
	for _, b := range frames {
		n += len(b)
	}
	return n
}

// answerRoomLocked is how many bytes the next answer to a poll may have. Answers
// that are still being written count for MaxQueue, or a client that polls without
// reading would make the server hold one after the other. Their client may have
// read them all the same, and polls again before the writer knows: so it waits,
// and is not too slow.
func (s *Session) answerRoomLocked() int {
	cfg := &s.server.cfg
	if s.unread == 0 {
		return cfg.MaxPayload
	}
	room := cfg.MaxQueue - s.unread
	if len(s.out.frames) > room {
		return 0
	}
	return min(room, cfg.MaxPayload)
}

// resizeAnswer changes the size of the answer to p to n bytes: to the length of its
// body, and to 0 when it was written or given up.
func (s *Session) resizeAnswer(p *poll, n int) {
	s.mu.Lock()
	defer s.unlock()
	s.unread += n - p.size
	p.size = n
	if s.out.state != closed {
		s.flushLocked()
	}
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

// encodePayload encodes the packets of frames as the body of an answer.
func (s *Session) encodePayload(frames [][]byte) (body []byte, contentType string) {
	n := sizeOf(frames)
	body = make([]byte, 0, n+n/16) // the length before a packet can be longer than the header of its frame
	packets, binary := packet.FramedPackets(frames...), false
	if s.revision == Revision4 {
		body = packet.AppendPayload4(body, packets)
	} else {
		body, binary = packet.AppendPayload3(body, packets, !s.base64)
	}
	if s.jsonp != "" {
		body = appendJSONP(nil, s.jsonp, body)
	}
	if binary {
		return body, "application/octet-stream"
	}
	return body, "text/plain; charset=UTF-8"
}

// writePoll writes the answer to p, a poll that is not pending any more.
func (s *Session) writePoll(w http.ResponseWriter, r *http.Request, p *poll, frames [][]byte) {
	body, contentType := s.encodePayload(frames)
	s.setHeaders(w, r)
	w.Header().Set("Content-Type", contentType)
	if encoding, packed := compress(strings.Join(r.Header.Values("Accept-Encoding"), ","), body); encoding != "" {
		w.Header().Set("Content-Encoding", encoding)
		body = packed
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	// net/http removes the deadline after it has sent the answer.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout))
	s.resizeAnswer(p, len(body))
	n, _ := w.Write(body) // nothing to do about an error: the packets are lost with the connection
	s.server.count.bytesOut.Add(int64(n))
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

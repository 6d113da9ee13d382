package engine

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// FuzzReadMessage reads arbitrary bytes as websocket frames. No message may be
// too long or invalid UTF-8, or use much more memory than its bytes need.
func FuzzReadMessage(f *testing.F) {
	text := masked(ws.NewTextFrame([]byte("4こんにちは😀")))
	part := masked(ws.NewFrame(ws.OpText, false, []byte("4a")))
	rest := masked(ws.NewFrame(ws.OpContinuation, true, []byte("b")))
	ping := masked(ws.NewPingFrame([]byte("?")))
	for _, seed := range [][]byte{
		text, part, ping,
		slices.Concat(part, ping, rest, text),
		slices.Concat(text, masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye")))),
		masked(ws.NewBinaryFrame(make([]byte, 5000))),
		masked(ws.NewTextFrame([]byte("4\xff"))),
		ws.MustCompileFrame(ws.NewTextFrame([]byte("4"))),
		{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 100_000
		k := &wsConn{maxMessage: limit, in: bufio.NewReader(bytes.NewReader(stream))}
		total := 0
		for {
			data, binary, err := k.readMessage(func(_ ws.OpCode, payload []byte) { total += len(payload) })
			if err != nil {
				if len(appendClose(nil, err)) > 2+125 {
					t.Error("the close frame has more than 125 bytes")
				}
				return
			}
			total += len(data)
			switch {
			case len(data) > limit:
				t.Errorf("a message of %d bytes was accepted, the limit is %d", len(data), limit)
			case !binary && !utf8.Valid(data):
				t.Errorf("invalid UTF-8 %q was accepted", data)
			case total > len(stream):
				t.Errorf("%d bytes of messages from %d bytes of input", total, len(stream))
			case cap(data) > 4*len(data)+2*allocAhead:
				t.Errorf("a message of %d bytes uses %d bytes of memory", len(data), cap(data))
			}
			for _, revision := range []Revision{Revision3, Revision4} {
				k.revision = revision
				decoder(k.revision, binary)(data)
			}
		}
	})
}

// FuzzPost posts arbitrary bodies to sessions of all kinds. Each answer is ok, and
// the session then either answers a poll or has ended.
func FuzzPost(f *testing.F) {
	for _, seed := range []string{
		"6:4hello1:2", "7:4こんにちは。5:4😀😀", "6:b4AQID1:1", "d=6%3A4hello", "1:26:4hell", "",
		"\x01\x04\xff\x04\x01\x02\x03\x00\x01\xff2", "4hello\x1ebAQID\x1e3", `d=5%3A4%5Cn%5C%5Cn`,
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(3))
	}
	queries := []string{polling3, polling3 + "&j=0", polling3 + "&b64=1", polling4}
	f.Fuzz(func(t *testing.T, body []byte, kind uint8) {
		w := newTestHandler()
		w.onMessage = func(s *Session, data []byte, binary bool) {
			if !binary && !utf8.Valid(data) {
				t.Errorf("invalid UTF-8 %q was accepted", data)
			}
			s.Send(Message{data, binary})
		}
		srv := New(Config{}, w)
		query := queries[int(kind)%len(queries)]
		ask := func(method string, body []byte) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/?"+query, bytes.NewReader(body))
			if kind >= 128 {
				r.Header.Set("Content-Type", octets)
			}
			rec := httptest.NewRecorder()
			srv.ServeHTTP(rec, r)
			return rec
		}
		ask("GET", nil)
		s := <-w.opened
		query += "&sid=" + s.id
		if rec := ask("POST", body); rec.Code != http.StatusOK || rec.Body.String() != "ok" {
			t.Errorf("POST %q: status %d %q", body, rec.Code, rec.Body)
		}
		s.Send(Message{Data: []byte("end")})
		rec := ask("GET", nil)
		answer, _ := io.ReadAll(rec.Body)
		if alive := srv.lookup(s.id) != nil; alive != (rec.Code == http.StatusOK) || alive != bytes.Contains(answer, []byte("4end")) {
			t.Errorf("after %q the session is registered: %t; its poll got status %d %q", body, alive, rec.Code, answer)
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error("Shutdown: ", err)
		}
		w.check(t)
	})
}

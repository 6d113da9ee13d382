package engine

import (
	"testing"
	"testing/synctest"
)

// A poll that is sent together with the POST that ends the session is answered as if
// it had come first. What comes later finds no session.
func TestPollBesideThePostThatEndsTheSession(t *testing.T) {
	for _, test := range []struct{ name, query, body, want string }{
		{"close, revision 3", polling3, "1:1", "1:6"},
		{"close, revision 4", polling4, "1", "6"},
		{"no packet, revision 3", polling3, "abc", "1:1"},
		{"no packet, revision 4", polling4, "abc", "1"},
	} {
		bubble(t, func(t *testing.T, st *testServer) {
			p := st.connect(test.query)
			posted := make(chan struct{})
			go func() {
				defer close(posted)
				p.post(test.body)
			}()
			synctest.Wait() // the POST has ended the session, and waits
			wantError(t, p.do("POST", p.query, test.body), errSessionUnknown)
			p.wantPoll(test.want)
			<-posted
			p.wantUnknown()

			p = st.connect(test.query)
			answered := p.pending()
			p.post(test.body)
			p.wantAnswered(answered, test.want)
			p.wantUnknown()

			p = st.connect(test.query)
			p.post(test.body) // is answered after a moment without a poll
			p.wantUnknown()
			if n := len(st.engine.late); n != 0 {
				t.Errorf("%s: the server still remembers %d sessions", test.name, n)
			}
		})
	}
}

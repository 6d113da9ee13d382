package engine

import (
	"strings"
	"sync"
	"testing"

	"tsunagu/internal/packet"
)

// A tape is what feeds read from: an append-only piece of memory.
type tape struct {
	mu     sync.Mutex
	frames []byte
}

// add appends messages.
func (tp *tape) add(texts ...string) {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	for _, text := range texts {
		tp.frames = packet.AppendFrame(tp.frames, false, []byte("4"), []byte(text))
	}
}

// start returns a feed from the beginning.
func (tp *tape) start() *head { return &head{tape: tp} }

// A head is a Feed.
type head struct {
	tape *tape
	at   int // guarded by the tape's mu, as tests look at it, too
}

func (h *head) Next() []byte {
	h.tape.mu.Lock()
	defer h.tape.mu.Unlock()
	b := h.tape.frames[h.at:]
	h.at += len(b)
	return b[:len(b):len(b)]
}

func (h *head) Lag() int {
	h.tape.mu.Lock()
	defer h.tape.mu.Unlock()
	return len(h.tape.frames) - h.at
}

func TestFeedToPolls(t *testing.T) {
	st := newStation(t, Config{})
	for _, query := range []string{polling3, polling4} {
		tape := &tape{}
		tape.add("日本", "😀")
		p := st.connect(query)
		p.session.Send(Message{Data: []byte("own")})
		p.session.Attach(tape.start())
		p.wantPoll(map[string]string{polling3: "4:4own3:4日本3:4😀", polling4: "4own\x1e4日本\x1e4😀"}[query])
		answered := p.pending()
		tape.add("later")
		flush(p.session)
		p.wantAnswered(answered, map[string]string{polling3: "6:4later", polling4: "4later"}[query])
		answered = p.pending()
		tape.add("at once")
		p.session.Attach(&head{tape: tape, at: len(tape.frames)})
		p.session.Detach()
		tape.add("never")
		flush(p.session)
		p.session.Send(Message{Data: []byte("end")})
		p.wantAnswered(answered, map[string]string{polling3: "4:4end", polling4: "4end"}[query])
	}
}

// A client that sees what Attach sends is among the readers of the feed by then,
// so the answer that brings the one brings the other.
func TestAttachIsOneStep(t *testing.T) {
	st := newStation(t, Config{})
	tape := &tape{}
	tape.add("a line")
	p := st.connect(polling3)
	answered := p.pending()
	p.session.Attach(tape.start(), Message{Data: []byte("welcome")}, Message{Data: []byte("too")})
	p.wantAnswered(answered, "8:4welcome4:4too7:4a line")
	p.session.Attach(nil, Message{Data: []byte("no feed")})
	tape.add("the same feed")
	p.wantPoll("8:4no feed14:4the same feed")

	p = st.connect(polling3)
	p.session.Close()
	p.session.Attach(tape.start(), Message{Data: []byte("too late")})
	p.wantPoll("1:61:1")
	p.wantClosed(p.session, ForcedClose)
}

// One answer takes no more than one request may bring; the rest waits.
func TestFeedInPortions(t *testing.T) {
	p := newStation(t, Config{MaxPayload: 1000}).connect(polling3)
	tape := &tape{}
	p.session.Attach(&nibble{tape.start()})
	for range 3 {
		tape.add(strings.Repeat("x", 699))
	}
	two, one := strings.Repeat("700:4"+strings.Repeat("x", 699), 2), "700:4"+strings.Repeat("x", 699)
	p.wantPoll(two)
	p.wantPoll(one)
}

// A nibble is a feed that gives one frame at a time.
type nibble struct{ *head }

func (n *nibble) Next() []byte {
	b := n.head.Next()
	if len(b) == 0 {
		return nil
	}
	_, rest := packet.NextFrame(b)
	n.at -= len(rest)
	return b[: len(b)-len(rest) : len(b)-len(rest)]
}

package engine

import (
	"strings"
	"sync"
	"testing"

	"tsunagu/internal/packet"
)

// A feedLog is an append-only log from which feeds read.
type feedLog struct {
	mu     sync.Mutex
	frames []byte
}

// add appends messages.
func (l *feedLog) add(texts ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range texts {
		l.frames = packet.AppendFrame(l.frames, false, []byte("4"), []byte(text))
	}
}

// start returns a feed that begins at the start of the log.
func (l *feedLog) start() *feedCursor { return &feedCursor{log: l} }

// A feedCursor is a Feed.
type feedCursor struct {
	log *feedLog
	at  int // guarded by the log's mu
}

func (c *feedCursor) Next() []byte {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	b := c.log.frames[c.at:]
	c.at += len(b)
	return b[:len(b):len(b)]
}

func (c *feedCursor) Lag() int {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return len(c.log.frames) - c.at
}

func TestFeedToPolls(t *testing.T) {
	st := newTestServer(t, Config{})
	for _, query := range []string{polling3, polling4} {
		log := &feedLog{}
		log.add("日本", "😀")
		p := st.connect(query)
		p.session.Send(Message{Data: []byte("own")})
		p.session.Attach(log.start())
		p.wantPoll(map[string]string{polling3: "4:4own3:4日本3:4😀", polling4: "4own\x1e4日本\x1e4😀"}[query])
		answered := p.pending()
		log.add("later")
		flush(p.session)
		p.wantAnswered(answered, map[string]string{polling3: "6:4later", polling4: "4later"}[query])
		answered = p.pending()
		log.add("at once")
		p.session.Attach(&feedCursor{log: log, at: len(log.frames)})
		p.session.Detach()
		log.add("never")
		flush(p.session)
		p.session.Send(Message{Data: []byte("end")})
		p.wantAnswered(answered, map[string]string{polling3: "4:4end", polling4: "4end"}[query])
	}
}

// Attach is atomic: the poll that brings its messages also brings the feed.
func TestAttachIsOneStep(t *testing.T) {
	st := newTestServer(t, Config{})
	log := &feedLog{}
	log.add("a line")
	p := st.connect(polling3)
	answered := p.pending()
	p.session.Attach(log.start(), Message{Data: []byte("welcome")}, Message{Data: []byte("too")})
	p.wantAnswered(answered, "8:4welcome4:4too7:4a line")
	p.session.Attach(nil, Message{Data: []byte("no feed")})
	log.add("the same feed")
	p.wantPoll("8:4no feed14:4the same feed")

	p = st.connect(polling3)
	p.session.Close()
	p.session.Attach(log.start(), Message{Data: []byte("too late")})
	p.wantPoll("1:61:1")
	p.wantClosed(p.session, ForcedClose)
}

// An answer has at most about MaxPayload bytes; the next poll brings the rest.
func TestLongFeedToPolls(t *testing.T) {
	p := newTestServer(t, Config{MaxPayload: 1000}).connect(polling3)
	log := &feedLog{}
	p.session.Attach(&oneFrameFeed{log.start()})
	for range 3 {
		log.add(strings.Repeat("x", 699))
	}
	two, one := strings.Repeat("700:4"+strings.Repeat("x", 699), 2), "700:4"+strings.Repeat("x", 699)
	p.wantPoll(two)
	p.wantPoll(one)
}

// A oneFrameFeed returns one frame at a time.
type oneFrameFeed struct{ *feedCursor }

func (n *oneFrameFeed) Next() []byte {
	b := n.feedCursor.Next()
	if len(b) == 0 {
		return nil
	}
	_, rest := packet.NextFrame(b)
	n.at -= len(rest)
	return b[: len(b)-len(rest) : len(b)-len(rest)]
}

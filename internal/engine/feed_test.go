package engine

import (
	"sync"

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

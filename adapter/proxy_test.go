package adapter

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy is a network between nodes and Redis that can fail.
type proxy struct {
	addr string
	to   string
	l    net.Listener
	wg   sync.WaitGroup

	mu    sync.Mutex
	flows map[*flow]bool
}

// flow is one direction of one connection.
type flow struct {
	src, dst net.Conn
	answers  bool // from Redis
	closed   chan struct{}
	end      func() // closes both directions

	mu      sync.Mutex
	swallow bool          // bytes are read and go nowhere
	stall   chan struct{} // the next bytes stop in the middle until it is closed
	deaf    bool          // what holds a pub/sub message goes nowhere
	limited bool          // the connection ends after that many bytes
	limit   int
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), to: to, l: l, flows: map[*flow]bool{}}
	var accepting sync.WaitGroup
	accepting.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		accepting.Wait() // later connections would not be cut
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			in.Close()
			continue
		}
		closed := make(chan struct{})
		end := sync.OnceFunc(func() { close(closed); in.Close(); out.Close() })
		for _, f := range []*flow{
			{src: in, dst: out, closed: closed, end: end},
			{src: out, dst: in, closed: closed, end: end, answers: true},
		} {
			p.mu.Lock()
			p.flows[f] = true
			p.mu.Unlock()
			p.wg.Go(func() {
				f.run()
				if !f.silent() {
					end()
				}
				<-closed
				p.mu.Lock()
				delete(p.flows, f)
				p.mu.Unlock()
			})
		}
	}
}

func (f *flow) run() {
	buf := make([]byte, 4096)
	for {
		n, err := f.src.Read(buf)
		f.mu.Lock()
		swallow, stall := f.swallow, f.stall
		f.stall = nil
		if f.limited && n >= f.limit {
			n, err = f.limit, io.EOF
		}
		f.limit -= n
		if f.deaf && bytes.Contains(buf[:n], []byte("\r\nmessage\r\n")) {
			n = 0
		}
		f.mu.Unlock()
		if swallow { // not even the end gets through
			io.Copy(io.Discard, f.src)
			return
		}
		rest := buf[:n]
		if stall != nil {
			f.dst.Write(rest[:n/2])
			rest = rest[n/2:]
			select {
			case <-stall:
			case <-f.closed:
			}
		}
		if _, werr := f.dst.Write(rest); err != nil || werr != nil {
			return
		}
	}
}

func (f *flow) silent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.swallow
}

func (p *proxy) each(do func(*flow)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for f := range p.flows {
		f.mu.Lock()
		do(f)
		f.mu.Unlock()
	}
}

// cut closes all connections.
func (p *proxy) cut() {
	var all []*flow
	p.each(func(f *flow) { all = append(all, f) })
	for _, f := range all {
		f.end()
	}
}

// silence makes the connections that stand half-open; later ones work.
func (p *proxy) silence() { p.each(func(f *flow) { f.swallow = true }) }

// loseAnswers lets requests through and swallows what Redis says to them.
func (p *proxy) loseAnswers() { p.each(func(f *flow) { f.swallow = f.swallow || f.answers }) }

// cutAfter ends each connection when Redis has said so many bytes more.
func (p *proxy) cutAfter(bytes int) {
	p.each(func(f *flow) { f.limited, f.limit = f.answers, bytes })
}

// deafen keeps messages from subscribers, but not the answers to PING.
func (p *proxy) deafen() { p.each(func(f *flow) { f.deaf = f.answers }) }

// delay stops what comes next on each connection in the middle, until release.
func (p *proxy) delay() (release func()) {
	stall := make(chan struct{})
	p.each(func(f *flow) { f.stall = stall })
	return func() { close(stall) }
}

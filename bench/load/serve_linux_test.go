package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hub is a chat server in few lines whose faults are known: fate says what it does with a line for a client.
type hub struct {
	mu     sync.Mutex
	eio    int
	conns  []net.Conn
	beats  int
	lines  int
	fate   func(client, line int) string
	answer string // instead of the upgrade
}

func (h *hub) listen(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go h.serve(c)
		}
	}()
	return l.Addr().String()
}

func (h *hub) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	if _, err := http.ReadRequest(in); err != nil {
		return
	}
	if h.answer != "" {
		_, _ = io.WriteString(c, h.answer)
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "+wsAccept+"\r\n\r\n")
	// The open packet comes in two parts, so that the client must put it together.
	open := serverFrame(opText, `0{"sid":"x","pingInterval":50,"pingTimeout":40}`)
	_, _ = c.Write(open[:9])
	time.Sleep(time.Millisecond)
	_, _ = c.Write(open[9:])
	if h.eio == 3 {
		h.join(c, "40")
	}
	for {
		var head [6]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		p := make([]byte, head[1]&127)
		if _, err := io.ReadFull(in, p); err != nil {
			return
		}
		for i := range p {
			p[i] ^= head[2+i&3]
		}
		h.packet(c, string(p))
	}
}

func (h *hub) join(c net.Conn, word string) {
	h.mu.Lock()
	h.conns = append(h.conns, c)
	h.mu.Unlock()
	_, _ = c.Write(serverFrame(opText, word))
	if h.eio == 4 {
		_, _ = c.Write(serverFrame(opText, "2"))
	}
}

func (h *hub) packet(c net.Conn, p string) {
	switch {
	case p == "40" && h.eio == 4:
		h.join(c, `40{"sid":"y"}`)
	case p == "2" && h.eio == 3:
		h.beat()
		_, _ = c.Write(serverFrame(opText, "3"))
	case p == "3" && h.eio == 4:
		h.beat()
	case strings.HasPrefix(p, "42"):
		h.fanOut(p)
	}
}

func (h *hub) beat() {
	h.mu.Lock()
	h.beats++
	h.mu.Unlock()
}

func (h *hub) fanOut(p string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, c := range h.conns {
		what := ""
		if h.fate != nil {
			what = h.fate(i, h.lines)
		}
		switch what {
		case "drop":
		case "twice":
			_, _ = c.Write(append(serverFrame(opText, p), serverFrame(opText, p)...))
		case "change":
			_, _ = c.Write(serverFrame(opText, strings.Replace(p, "seven", "eight", 1)))
		case "close":
			_ = c.Close()
		default:
			_, _ = c.Write(serverFrame(opText, p))
		}
	}
	h.lines++
}

// generate runs a generator in this process and gives it orders as the orchestrator would.
func generate(t *testing.T) func(ask) answer {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error)
	go func() { done <- Serve(inR, outW) }()
	t.Cleanup(func() {
		_ = inW.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	orders, answers := json.NewEncoder(inW), json.NewDecoder(outR)
	return func(a ask) (r answer) {
		t.Helper()
		if err := orders.Encode(a); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		return r
	}
}

func TestEveryLineOfBothDialects(t *testing.T) {
	for _, eio := range []int{3, 4} {
		t.Run(fmt.Sprint(eio), func(t *testing.T) {
			h := &hub{eio: eio}
			order := generate(t)
			if r := order(ask{Traffic: &TrafficAsk{Lines: 1, PerSecond: 1, Speakers: 1}}); r.Error == "" {
				t.Error("traffic before there are clients")
			}
			r := order(ask{Connect: &ConnectAsk{Addr: h.listen(t), EIO: eio, Clients: 40, InFlight: 7, WarmUp: 5}})
			if r.Error != "" || r.Connected.PerSecond <= 0 {
				t.Fatalf("%+v", r)
			}
			r = order(ask{Traffic: &TrafficAsk{Lines: 100, PerSecond: 500, Speakers: 8, Drain: 5 * time.Second}})
			if tr := r.Traffic; r.Error != "" || tr.Delivered != 4000 || tr.Expected != 4000 ||
				tr.Undelivered+tr.Duplicates+tr.Disorder+tr.Foreign+tr.Lost != 0 || tr.P50 <= 0 || tr.P99 < tr.P50 || tr.Max < tr.P99 {
				t.Errorf("%+v, %+v", r, r.Traffic)
			}
			st := order(ask{Status: true}).Status
			if h.mu.Lock(); st.Ready != 40 || h.beats < 40 {
				t.Errorf("%+v, %d heartbeats", st, h.beats)
			}
			h.mu.Unlock()
		})
	}
}

func TestEveryFaultIsSeen(t *testing.T) {
	h := &hub{eio: 3, fate: func(client, line int) string {
		return map[[2]int]string{{1, 3}: "drop", {2, 5}: "twice", {3, 7}: "change", {4, 18}: "close"}[[2]int{client, line}]
	}}
	order := generate(t)
	if r := order(ask{Connect: &ConnectAsk{Addr: h.listen(t), EIO: 3, Clients: 10, InFlight: 1}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	// The hub meets them in order, so the one that speaks, the first, is not the one that it drops.
	a := TrafficAsk{Lines: 20, PerSecond: 400, Speakers: 1, Drain: 200 * time.Millisecond}
	tr := order(ask{Traffic: &a}).Traffic
	if tr == nil || tr.Duplicates != 1 || tr.Foreign != 1 || tr.Lost != 1 || tr.Undelivered != 1+1+2 || tr.Delivered != tr.Expected-4 {
		t.Errorf("%+v", tr)
	}
	if tr != nil && tr.Max < 150*time.Millisecond {
		t.Errorf("what never came counts with a delay of at most %v", tr.Max)
	}
	if r := order(ask{Traffic: &a}); r.Error == "" {
		t.Error("traffic goes on though a client is missing")
	}
}

func TestRefusalsAreErrors(t *testing.T) {
	for name, h := range map[string]*hub{
		"400":          {answer: "HTTP/1.1 400 Bad Request\r\n\r\n"},
		"not our key":  {answer: "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"},
		"close":        {answer: " "},
		"no open":      {answer: "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + wsAccept + "\r\n\r\n" + string(serverFrame(opText, "40"))},
		"error packet": {answer: "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + wsAccept + "\r\n\r\n" + string(serverFrame(opText, "44"))},
	} {
		t.Run(name, func(t *testing.T) {
			r := generate(t)(ask{Connect: &ConnectAsk{Addr: h.listen(t), EIO: 3, Clients: 3, InFlight: 2}})
			if !strings.HasPrefix(r.Error, "0 of 3 clients connected") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestSilentServersAreSeen(t *testing.T) {
	h := &hub{eio: 4} // pings once, then never again
	order := generate(t)
	if r := order(ask{Connect: &ConnectAsk{Addr: h.listen(t), EIO: 4, Clients: 3, InFlight: 2}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	late := time.After(5 * time.Second)
	for order(ask{Status: true}).Status.Silent != 3 {
		select {
		case <-again.C:
		case <-late:
			t.Fatal("a server whose pings stay away counts as well")
		}
	}
}

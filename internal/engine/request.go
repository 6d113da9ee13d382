package engine

import (
	"bufio"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// A Handshake is the HTTP request that began a session.
type Handshake struct {
	URL        url.URL
	Header     http.Header
	LocalAddr  net.Addr
	RemoteAddr net.Addr
}

// Handshake returns the request that began the session. Each call returns a new
// value, which the caller may change.
func (s *Session) Handshake() Handshake { return s.request.unpack() }

// A packedRequest holds the data of a Handshake as text. Few callers need a
// Handshake, and as a map the header of a browser's request takes 2 KB.
type packedRequest struct {
	url, header, remote string
	local               net.Addr
}

func packRequest(r *http.Request) packedRequest {
	var header strings.Builder
	r.Header.Write(&header) // into memory: cannot fail
	p := packedRequest{url: r.URL.String(), header: header.String(), remote: strings.Clone(r.RemoteAddr)}
	p.local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return p
}

// unpack ignores errors: the text was written by packRequest.
func (p packedRequest) unpack() Handshake {
	h := Handshake{LocalAddr: p.local, RemoteAddr: address(p.remote)}
	if u, err := url.Parse(p.url); err == nil {
		h.URL = *u
	}
	in := textproto.NewReader(bufio.NewReader(strings.NewReader(p.header + "\r\n")))
	header, _ := in.ReadMIMEHeader()
	h.Header = http.Header(header)
	return h
}

// An address is a net.Addr for an address that net/http gives as text.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

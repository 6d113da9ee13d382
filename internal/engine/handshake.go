package engine

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// isUpgrade reports whether a request is a websocket handshake. It uses the same
// rule as Node: an Upgrade header that the Connection header names.
func isUpgrade(r *http.Request) bool {
	if r.Header.Get("Upgrade") == "" {
		return false
	}
	for _, v := range r.Header.Values("Connection") {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// acceptable reports whether the original accepts a websocket handshake. The
// original also accepts version 8, and parses the version as JavaScript does.
func acceptable(r *http.Request) bool {
	version, err := strconv.ParseFloat(r.Header.Get("Sec-WebSocket-Version"), 64)
	return err == nil && (version == 8 || version == 13) && r.Method == http.MethodGet &&
		strings.EqualFold(strings.Join(r.Header.Values("Upgrade"), ", "), websocketTransport) &&
		r.Header.Get("Sec-WebSocket-Key") != ""
}

// switching returns the answer to a websocket handshake (RFC 6455, section
// 4.2.2). It accepts the first subprotocol that the client names, as the original
// does: a browser fails if it names some and the server accepts none. It accepts
// no extensions.
func switching(r *http.Request) []byte {
	key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	b = base64.StdEncoding.AppendEncode(b, key[:])
	protocol, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ",")
	if protocol = strings.TrimSpace(protocol); protocol != "" {
		b = append(b, "\r\nSec-WebSocket-Protocol: "+protocol...)
	}
	return append(b, "\r\n\r\n"...)
}

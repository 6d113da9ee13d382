package engine

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// isUpgrade tells a websocket handshake from other requests as Node does: by
// the Connection header naming one that is there.
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

// acceptable tells whether a websocket handshake is one that the original
// accepts, which knows version 8 beside that of RFC 6455 and reads its number
// as JavaScript does.
func acceptable(r *http.Request) bool {
	version, err := strconv.ParseFloat(r.Header.Get("Sec-WebSocket-Version"), 64)
	return err == nil && (version == 8 || version == 13) && r.Method == http.MethodGet &&
		strings.EqualFold(strings.Join(r.Header.Values("Upgrade"), ", "), websocketTransport) &&
		r.Header.Get("Sec-WebSocket-Key") != ""
}

// switching is the answer to a websocket handshake (RFC 6455, section 4.2.2).
// It takes the first subprotocol that a client names, as the original does: a
// browser gives up when it has named some and none is taken. No extension is
// accepted.
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

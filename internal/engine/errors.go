package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// A Reason tells why a session ended. The texts are those that the original
// hands to its disconnect handlers.
type Reason string

// All the reasons there are.
const (
	TransportClose Reason = "transport close"      // the client left
	TransportError Reason = "transport error"      // the connection broke, or was misused
	ParseError     Reason = "parse error"          // a packet that cannot be read
	PingTimeout    Reason = "ping timeout"         // silence
	ForcedClose    Reason = "forced close"         // Session.Close
	ServerShutdown Reason = "server shutting down" // Server.Shutdown
	TooSlow        Reason = "too slow"             // the client takes less than it is sent, see Config.MaxQueue, MaxLag and StallTimeout
)

// A protocolError is an answer to a request that cannot be served. Code and
// text are the original's (engine.io 3.2.1; code 5 is from 4.x).
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

var (
	errTransportUnknown = &protocolError{0, "Transport unknown"}
	errSessionUnknown   = &protocolError{1, "Session ID unknown"}
	errHandshakeMethod  = &protocolError{2, "Bad handshake method"}
	errBadRequest       = &protocolError{3, "Bad request"}
	errRevision         = &protocolError{5, "Unsupported protocol version"}
	errWebSocket        = &protocolError{-1, "Bad Request"} // never in JSON
)

// write answers a plain request. None of these is worth a retry by the client:
// a new handshake is.
func (e *protocolError) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	allowOrigin(w.Header(), r)
	w.WriteHeader(http.StatusBadRequest)
	body, _ := json.Marshal(e) // an int and a string: cannot fail
	w.Write(body)
}

// writeUpgrade answers a websocket handshake: the connection is over, and the
// original says so in its own few words, without the headers of net/http.
func (e *protocolError) writeUpgrade(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"+
		"Content-type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(e.Message), e.Message)
}

// allowOrigin sets the CORS headers. The client of 2.x always sends
// credentials, so the origin has to be echoed: "*" would not do.
func allowOrigin(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Allow-Origin", origin)
		return
	}
	h.Set("Access-Control-Allow-Origin", "*")
}

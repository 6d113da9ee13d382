package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// A Reason is why a session ended. The texts are those that the original passes
// to its disconnect handlers; the last three are ours.
type Reason string

// The reasons for the end of a session.
const (
	TransportClose Reason = "transport close"      // the client closed the connection
	TransportError Reason = "transport error"      // the connection failed, or the client broke the protocol of the transport
	ParseError     Reason = "parse error"          // the client sent a malformed packet
	PingTimeout    Reason = "ping timeout"         // no heartbeat from the client
	ForcedClose    Reason = "forced close"         // Session.Close
	ServerShutdown Reason = "server shutting down" // Server.Shutdown
	TooSlow        Reason = "too slow"             // Config.MaxQueue, MaxLag or StallTimeout exceeded
	InternalError  Reason = "internal error"       // Session.Abort
)

// A protocolError is the answer to a request that cannot be served. Codes and
// texts are those of engine.io 3.2.1; code 5 is from 4.x.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	reason  RefuseReason
}

var (
	errTransportUnknown = &protocolError{0, "Transport unknown", RefusedTransport}
	errSessionUnknown   = &protocolError{1, "Session ID unknown", RefusedSession}
	errHandshakeMethod  = &protocolError{2, "Bad handshake method", RefusedMethod}
	errBadRequest       = &protocolError{3, "Bad request", RefusedRequest}
	errRevision         = &protocolError{5, "Unsupported protocol version", RefusedRevision}
	errWebSocket        = &protocolError{-1, "Bad Request", RefusedWebSocket} // written as text only, so the code is never sent
)

// write sends the error as the answer to a plain request.
func (e *protocolError) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	allowOrigin(w.Header(), r)
	w.WriteHeader(http.StatusBadRequest)
	body, _ := json.Marshal(e) // an int and a string: cannot fail
	w.Write(body)
}

// writeUpgrade sends the error as the answer to a websocket handshake and closes
// the connection. It hijacks the connection because the original sends only
// these headers, and net/http would add more.
func (e *protocolError) writeUpgrade(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"+
		"Content-type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(e.Message), e.Message)
}

// allowOrigin sets the CORS headers. Clients of 2.x always send credentials, and
// browsers do not accept "*" with credentials, so the origin is echoed.
func allowOrigin(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Allow-Origin", origin)
		return
	}
	h.Set("Access-Control-Allow-Origin", "*")
}

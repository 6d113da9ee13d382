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
//
// The original has code 4 and a text of its own for what an application refuses. So
// have the limits of a server here, with a status that says whether another server
// (503) or the same a moment later (429) may accept the client. JavaScript clients of
// all versions try again after any status.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	reason  RefuseReason
	status  int
}

var (
	errTransportUnknown = &protocolError{0, "Transport unknown", RefusedTransport, http.StatusBadRequest}
	errSessionUnknown   = &protocolError{1, "Session ID unknown", RefusedSession, http.StatusBadRequest}
	errHandshakeMethod  = &protocolError{2, "Bad handshake method", RefusedMethod, http.StatusBadRequest}
	errBadRequest       = &protocolError{3, "Bad request", RefusedRequest, http.StatusBadRequest}
	errForbidden        = &protocolError{4, "Forbidden", RefusedOrigin, http.StatusForbidden}
	errRevision         = &protocolError{5, "Unsupported protocol version", RefusedRevision, http.StatusBadRequest}
	errWebSocket        = &protocolError{-1, "Bad Request", RefusedWebSocket, http.StatusBadRequest} // written as text only, so the code is never sent
)

// admissionErrors are the answers to handshakes that the Admission refuses.
var admissionErrors = map[RefuseReason]*protocolError{
	RefusedFull:          {4, "Too many sessions", RefusedFull, http.StatusServiceUnavailable},
	RefusedAddressFull:   {4, "Too many sessions from your address", RefusedAddressFull, http.StatusTooManyRequests},
	RefusedHandshakeRate: {4, "Too many handshakes from your address", RefusedHandshakeRate, http.StatusTooManyRequests},
}

// write sends the error as the answer to a plain request.
func (e *protocolError) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if e != errForbidden {
		allowOrigin(w.Header(), r)
	}
	w.WriteHeader(e.status)
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
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-type: text/html\r\nContent-Length: %d\r\n\r\n%s",
		e.status, http.StatusText(e.status), len(e.Message), e.Message)
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

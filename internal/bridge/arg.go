package bridge

import "encoding/json"

// An Arg is one argument of an event as the client sent it. Handlers that take
// Args accept everything: any JSON value, binary, null and nothing at all.
//
//	srv.OnEvent("/", "chat", func(c socketio.Conn, text bridge.Arg) { ... })
//
// The zero Arg is a missing argument. An Arg may be kept and is not to be
// changed.
type Arg struct {
	raw         json.RawMessage
	attachments [][]byte
}

// An envelope carries an Arg through go-socket.io. It is always an object: to
// encoding/json, null in place of an argument is as good as none.
type envelope struct {
	Value       json.RawMessage `json:"v"`
	Attachments [][]byte        `json:"b"`
}

// UnmarshalJSON implements json.Unmarshaler. It decodes an envelope.
func (a *Arg) UnmarshalJSON(b []byte) error {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return err
	}
	a.raw, a.attachments = e.Value, e.Attachments
	return nil
}

// Missing reports whether the client sent no such argument. Null is not missing.
func (a Arg) Missing() bool { return a.raw == nil }

// JSON is the argument as the client encoded it, nil when it is missing. Binary
// values are placeholders in it: {"_placeholder":true,"num":0}.
func (a Arg) JSON() json.RawMessage { return a.raw }

// Attachments are the attachments of the packet. They are nil when it was no binary
// packet; placeholders are then plain objects.
func (a Arg) Attachments() [][]byte { return a.attachments }

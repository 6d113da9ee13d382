package bridge

import (
	"encoding/json"
	"sync/atomic"

	"tsunagu/internal/packet"
)

// Args are the arguments of an event or of an ack, as the client sent them: any JSON
// values, with binary in any place. The zero Args are no arguments. Args may be kept
// and their methods called concurrently. Their JSON and attachments must not be
// changed.
type Args struct {
	elements    []json.RawMessage
	attachments [][]byte
	request     *ackRequest
}

// An ackRequest is an ack that the client has asked for.
type ackRequest struct {
	conn     *Conn
	id       uint64
	answered atomic.Bool
}

// Len is the number of arguments.
func (a Args) Len() int { return len(a.elements) }

// Missing reports whether there is no argument i. Null is not missing.
func (a Args) Missing(i int) bool { return i >= len(a.elements) }

// IsNull reports whether argument i is null. Decode ignores null.
func (a Args) IsNull(i int) bool { return string(a.JSON(i)) == "null" }

// JSON is argument i as the client encoded it, nil if it is missing. Binary values
// are placeholders in it: {"_placeholder":true,"num":0} stands for Attachments()[0].
func (a Args) JSON(i int) json.RawMessage {
	if a.Missing(i) {
		return nil
	}
	return a.elements[i]
}

// Attachments are the binary values that came with the packet. They are nil when
// it was no binary packet; placeholders are then plain objects.
func (a Args) Attachments() [][]byte { return a.attachments }

// Decode decodes argument i into v as json.Unmarshal does; null leaves v as it is.
// Binary is decoded into values of type []byte. If v is a *any, it becomes []byte in
// there, too. For a missing argument the error is ErrMissing.
func (a Args) Decode(i int, v any) error {
	if a.Missing(i) {
		return ErrMissing
	}
	if !mayHavePlaceholder(a.elements[i], a.attachments) {
		return json.Unmarshal(a.elements[i], v)
	}
	value, err := inline(a.elements[i], a.attachments)
	if err != nil {
		return err
	}
	if p, ok := v.(*any); ok {
		*p = value
		return nil
	}
	// Binary becomes base64, from which encoding/json decodes []byte.
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// Value returns argument i as a value that Emit and acks send as it came: a
// json.RawMessage, or, if there is binary in it, maps, slices and json.Numbers with
// []byte in the place of placeholders, which take up to some thirty times the memory
// of their JSON. A missing argument is nil.
func (a Args) Value(i int) (any, error) {
	switch {
	case a.Missing(i):
		return nil, nil
	case mayHavePlaceholder(a.elements[i], a.attachments):
		return inline(a.elements[i], a.attachments)
	}
	return a.elements[i], nil
}

// Values returns the Value of each argument.
func (a Args) Values() ([]any, error) {
	values := make([]any, len(a.elements))
	for i := range values {
		var err error
		if values[i], err = a.Value(i); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// WantsAck reports whether the client asked for an ack.
func (a Args) WantsAck() bool { return a.request != nil }

// Ack sends the ack that the client asked for, at any time and from any goroutine. It
// does nothing if the client asked for none, or if the ack has been sent. Values and
// errors are as in [Conn.Emit].
func (a Args) Ack(values ...any) error {
	r := a.request
	if r == nil || r.answered.Swap(true) {
		return nil
	}
	return r.conn.send(packet.SocketPacket{Type: packet.Ack, ID: r.id, HasID: true}, values, nil)
}

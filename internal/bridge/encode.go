package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"tsunagu/internal/packet"
)

var argType = reflect.TypeFor[Arg]()

// encodeEvent encodes an event in a form that is safe for go-socket.io. It returns
// nil for an event without a handler, and the reason why an event cannot be
// delivered to its handler.
func (n *namespace) encodeEvent(pk packet.SocketPacket, attachments [][]byte) (text []byte, why string) {
	var args []json.RawMessage
	if err := json.Unmarshal(pk.Data, &args); err != nil || len(args) == 0 {
		return nil, ""
	}
	var event string
	if err := json.Unmarshal(args[0], &event); err != nil {
		return nil, "" // a number, for which no handler can be registered
	}
	types, ok := n.events[event]
	if !ok {
		return nil, ""
	}
	name, _ := json.Marshal(event) // a string: cannot fail
	// go-socket.io looks for the end of the name at the first of these.
	name = bytes.ReplaceAll(name, []byte(","), []byte(`\u002c`))
	name = bytes.ReplaceAll(name, []byte("]"), []byte(`\u005d`))
	data := append([]byte{'['}, name...)
	for i, arg := range args[1:] {
		if i == len(types) {
			break // the handler takes no more
		}
		arg, err := encodeArg(arg, types[i], attachments)
		if err != nil {
			return nil, "argument does not fit the handler: " + err.Error()
		}
		data = append(append(data, ','), arg...)
	}
	pk.Type, pk.Query, pk.Data = packet.Event, "", append(data, ']')
	return packet.AppendSocket(nil, pk), ""
}

// encodeArg encodes one argument for a parameter of type t.
func encodeArg(arg json.RawMessage, t reflect.Type, attachments [][]byte) ([]byte, error) {
	if t == argType {
		return json.Marshal(envelope{arg, attachments})
	}
	arg, err := inline(arg, attachments)
	if err != nil {
		return nil, err
	}
	return arg, json.Unmarshal(arg, reflect.New(t).Interface())
}

// encodeAck encodes an ack for go-socket.io. The types that its function takes are
// not known here: go-socket.io drops an ack whose arguments do not fit.
func encodeAck(pk packet.SocketPacket, attachments [][]byte) (text []byte, why string) {
	data, err := inline(pk.Data, attachments)
	if err != nil {
		return nil, "ack cannot be read: " + err.Error()
	}
	pk.Type, pk.Data = packet.Ack, data
	return packet.AppendSocket(nil, pk), ""
}

var errPlaceholder = errors.New("placeholder without its attachment")

// inline replaces placeholders by their attachments, as JSON that parser.Buffer can
// decode. go-socket.io trusts the numbers in placeholders, so no object that it
// would take for a placeholder may pass.
func inline(arg json.RawMessage, attachments [][]byte) (json.RawMessage, error) {
	if !bytes.Contains(bytes.ToLower(arg), []byte("placeholder")) && !bytes.Contains(arg, []byte(`\u`)) {
		return arg, nil
	}
	d := json.NewDecoder(bytes.NewReader(arg))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	v, err := replace(v, attachments)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// replace replaces the placeholders in a decoded value. encoding/json limits its
// depth.
func replace(v any, attachments [][]byte) (any, error) {
	var err error
	switch v := v.(type) {
	case []any:
		for i := range v {
			if v[i], err = replace(v[i], attachments); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if n, ok := placeholder(v); ok {
			if attachments == nil || n < 0 || n >= len(attachments) {
				return nil, errPlaceholder
			}
			return map[string]any{"Data": attachments[n]}, nil
		}
		for k := range v {
			if v[k], err = replace(v[k], attachments); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// invalidPlaceholders reports whether a placeholder names none of n attachments,
// which is an error in protocol 5. Only true marks a placeholder there.
func invalidPlaceholders(data json.RawMessage, n int) bool {
	if !bytes.Contains(data, []byte("placeholder")) && !bytes.Contains(data, []byte(`\u`)) {
		return false
	}
	var v any
	return json.Unmarshal(data, &v) == nil && hasInvalidPlaceholder(v, n)
}

func hasInvalidPlaceholder(v any, n int) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return hasInvalidPlaceholder(e, n) })
	case map[string]any:
		if v["_placeholder"] == true {
			num, ok := v["num"].(float64)
			return !ok || num < 0 || num >= float64(n)
		}
		for _, e := range v {
			if hasInvalidPlaceholder(e, n) {
				return true
			}
		}
	}
	return false
}

// placeholder reports whether encoding/json, which ignores the case of keys, would
// decode m as a placeholder.
func placeholder(m map[string]any) (n int, ok bool) {
	n = -1
	for k, v := range m {
		if strings.EqualFold(k, "_placeholder") && v != false && v != nil {
			ok = true
		}
		if num, is := v.(json.Number); is && k == "num" {
			if i, err := num.Int64(); err == nil && i >= 0 && i < 1<<31 {
				n = int(i)
			}
		}
	}
	return n, ok
}

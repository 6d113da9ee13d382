package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// ErrLethal reports an argument that kills the original's process, or that it
// could not have published at all.
var ErrLethal = errors.New("argument that the original does not survive")

// maxGrowth is how many times longer than all that came in a text may be.
// Values print up to eight times as long as their JSON; what grows further
// refers to one attachment over and over, which V8 refuses only at 512 MB.
const maxGrowth = 16

// Text returns what pub.publish('chat', msg) of the original puts on Redis
// when msg is the JSON value raw: not always String(msg), because the Redis
// client takes an array for its list of arguments. An empty raw is a missing
// argument.
//
// Attachments are those of a binary event, which placeholders refer to;
// without any, placeholders are objects like all others. Bytes that are not
// UTF-8 are kept as they are.
//
// Source: socket.io-parser 3.2 (binary.js) and redis 2.8 (lib/commands.js,
// internal_send_command), run beside this code.
func Text(raw json.RawMessage, attachments [][]byte) (string, error) {
	if len(raw) == 0 {
		return "", ErrLethal
	}
	arg, err := decode(raw)
	if err != nil {
		return "", ErrLethal
	}
	w := writer{attachments: attachments, remaining: len(raw)}
	for _, a := range attachments {
		w.remaining += len(a)
	}
	w.remaining *= maxGrowth
	if err := w.publish(arg); err != nil {
		return "", err
	}
	return w.text.String(), nil
}

// decode parses in one pass, with a bound on depth: to unwrap nested arrays
// level by level would take time by the square of their depth.
func decode(raw json.RawMessage) (arg any, err error) {
	if raw[0] == '"' { // nearly every line, in half the time
		var s string
		err = json.Unmarshal(raw, &s)
		return s, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&arg)
	return arg, err
}

// undefined is JavaScript's: what a placeholder without attachment refers to.
type undefined struct{}

// A writer prints values as the original does.
type writer struct {
	attachments [][]byte
	text        strings.Builder
	remaining   int // bytes that may still be written
}

// publish prints the second argument of publish('chat', arg).
func (w *writer) publish(arg any) error {
	arg, err := w.resolve(arg)
	if err != nil {
		return err
	}
	if array, ok := arg.([]any); ok {
		// The elements are the arguments behind the channel, and PUBLISH takes
		// exactly one.
		if len(array) != 1 {
			return ErrLethal
		}
		if arg, err = w.resolve(array[0]); err != nil {
			return err
		}
		return w.argument(arg)
	}
	if arg == (undefined{}) {
		return ErrLethal // the client counts one argument less
	}
	return w.argument(arg)
}

// argument prints one argument of a Redis command.
func (w *writer) argument(arg any) error {
	if object, ok := arg.(map[string]any); ok {
		// Objects are warned of first, with the name of their constructor.
		if err := w.warn(object); err != nil {
			return err
		}
	}
	return w.value(arg)
}

// warn does what can go wrong in 'of type ' + object.constructor.name.
func (w *writer) warn(object map[string]any) error {
	own, ok := object["constructor"]
	if !ok {
		return nil
	}
	own, err := w.resolve(own)
	if err != nil {
		return err
	}
	switch own := own.(type) {
	case nil, undefined:
		return ErrLethal
	case map[string]any:
		name, err := w.resolve(own["name"])
		if err != nil {
			return err
		}
		scratch := writer{attachments: w.attachments, remaining: w.remaining}
		return scratch.value(name)
	}
	return nil
}

// value prints String(v) of a resolved value.
func (w *writer) value(v any) error {
	switch v := v.(type) {
	case nil:
		return w.write("null")
	case undefined:
		return w.write("undefined")
	case bool:
		return w.write(strconv.FormatBool(v))
	case string:
		return w.write(v)
	case json.Number:
		return w.write(numberText(v))
	case []byte:
		return w.write(string(v))
	case []any:
		return w.join(v)
	case map[string]any:
		// Whatever JSON puts there, it is not a function that can be called.
		if _, shadowed := v["toString"]; shadowed {
			return ErrLethal
		}
		return w.write("[object Object]")
	}
	return ErrLethal
}

// join prints array.join(): null and undefined are empty.
func (w *writer) join(array []any) error {
	for i, v := range array {
		if i > 0 {
			if err := w.write(","); err != nil {
				return err
			}
		}
		v, err := w.resolve(v)
		if err != nil {
			return err
		}
		if v == nil || v == (undefined{}) {
			continue
		}
		if err := w.value(v); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) write(s string) error {
	if w.remaining -= len(s); w.remaining < 0 {
		return ErrLethal
	}
	w.text.WriteString(s)
	return nil
}

// resolve replaces a placeholder by its attachment. Both of its properties
// may be anything: _placeholder counts when it is truthy, and num is turned
// into the name of a property of the list of attachments. Names other than
// indexes ("length", "push") are taken as out of range. Where the value is
// not printed, a num that has no name goes unnoticed; the original closes the
// session.
func (w *writer) resolve(v any) (any, error) {
	object, ok := v.(map[string]any)
	if !ok || len(w.attachments) == 0 || !truthy(object["_placeholder"]) {
		return v, nil
	}
	num, ok := object["num"]
	if !ok {
		return undefined{}, nil
	}
	name := writer{remaining: w.remaining}
	if err := name.value(num); err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(name.text.String())
	if err != nil || index < 0 || index >= len(w.attachments) || strconv.Itoa(index) != name.text.String() {
		return undefined{}, nil
	}
	return w.attachments[index], nil
}

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		return numberText(v) != "0"
	}
	return true
}

package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// ErrLethal means that the original would crash on an argument or could not publish
// it.
var ErrLethal = errors.New("argument would crash the original server")

// maxGrowth is the maximum ratio of the length of a text to the length of its input.
// A value can print up to eight times as long as its JSON. A longer text refers to
// one attachment many times, which V8 allows up to 512 MB.
const maxGrowth = 16

// Text returns the text that the original publishes for the JSON value raw. This is
// not always String(raw): the Redis client uses an array as its list of arguments. An
// empty raw is a missing argument. The error is always ErrLethal.
//
// attachments are those of a binary event, to which placeholders in raw refer.
// Without attachments placeholders are ordinary objects. Bytes that are not UTF-8
// are not changed.
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

// decode parses raw in one pass, with a limit on depth. Unwrapping nested arrays level
// by level would take quadratic time.
func decode(raw json.RawMessage) (arg any, err error) {
	if raw[0] == '"' { // nearly every line; takes half the time
		var s string
		err = json.Unmarshal(raw, &s)
		return s, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&arg)
	return arg, err
}

// undefined is JavaScript's undefined, the value of a placeholder without attachment.
type undefined struct{}

// A writer formats values as the original does.
type writer struct {
	attachments [][]byte
	text        strings.Builder
	remaining   int // bytes that may still be written
}

// publish writes the message argument of publish('chat', arg).
func (w *writer) publish(arg any) error {
	arg, err := w.resolve(arg)
	if err != nil {
		return err
	}
	if array, ok := arg.([]any); ok {
		// The Redis client uses the elements as arguments, and PUBLISH takes one.
		if len(array) != 1 {
			return ErrLethal
		}
		if arg, err = w.resolve(array[0]); err != nil {
			return err
		}
		return w.argument(arg)
	}
	if arg == (undefined{}) {
		return ErrLethal // the Redis client does not count the argument
	}
	return w.argument(arg)
}

// argument writes one argument of a Redis command.
func (w *writer) argument(arg any) error {
	if object, ok := arg.(map[string]any); ok {
		// The Redis client first builds a warning with the constructor's name.
		if err := w.warn(object); err != nil {
			return err
		}
	}
	return w.value(arg)
}

// warn returns the errors of 'of type ' + object.constructor.name.
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

// value writes String(v) of a resolved value.
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
		// A toString from JSON is no function, so String(v) throws.
		if _, shadowed := v["toString"]; shadowed {
			return ErrLethal
		}
		return w.write("[object Object]")
	}
	return ErrLethal
}

// join writes array.join(), in which null and undefined are empty.
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

// resolve replaces a placeholder by its attachment. An object is a placeholder if
// _placeholder is truthy. num becomes a property name of the list of attachments;
// names that are no index ("length", "push") are out of range. If the value is not
// printed, a num that cannot become a name is no error; the original closes the
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

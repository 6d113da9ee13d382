package bridge

import (
	"bytes"
	"crypto/rand"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"

	"tsunagu/internal/engine"
	"tsunagu/internal/packet"
)

var errPlaceholder = errors.New("placeholder without its attachment")

// mayHavePlaceholder reports whether there may be placeholders in JSON.
func mayHavePlaceholder(text json.RawMessage, attachments [][]byte) bool {
	return len(attachments) > 0 && (bytes.Contains(text, []byte("_placeholder")) || bytes.Contains(text, []byte(`\u`)))
}

// inline decodes JSON with attachments in the place of their placeholders.
func inline(text json.RawMessage, attachments [][]byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return replacePlaceholders(v, attachments)
}

// replacePlaceholders replaces the placeholders in a decoded value. encoding/json
// limits its depth.
//
// Source: _reconstructPacket of socket.io-parser 4.2.
func replacePlaceholders(v any, attachments [][]byte) (_ any, err error) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			if v[i], err = replacePlaceholders(v[i], attachments); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if v["_placeholder"] == true {
			num, _ := v["num"].(json.Number)
			n, err := num.Float64()
			if err != nil || n < 0 || n >= float64(len(attachments)) {
				return nil, errPlaceholder
			}
			if n != float64(int(n)) {
				return nil, nil // undefined in JavaScript
			}
			return attachments[int(n)], nil
		}
		for k := range v {
			if v[k], err = replacePlaceholders(v[k], attachments); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// encode encodes an event or an ack with its values. Each []byte in the values
// becomes a placeholder and an attachment.
func encode(pk packet.SocketPacket, values []any) ([]engine.Message, error) {
	var x extractor
	clean := make([]any, len(values)) // never nil: an ack of nothing is []
	for i, v := range values {
		if v != nil {
			clean[i] = x.extract(reflect.ValueOf(v), 0).Interface()
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(clean); err != nil {
		return nil, err
	}
	data, attachments := x.placeholders(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
	if len(attachments) > 0 {
		pk.Type += packet.BinaryEvent - packet.Event
		pk.Attachments = len(attachments)
	}
	pk.Data = data
	messages := []engine.Message{{Data: packet.AppendSocket(nil, pk)}}
	for _, a := range attachments {
		messages = append(messages, engine.Message{Data: a, Binary: true})
	}
	return messages, nil
}

// An extractor takes binary out of values before encoding/json encodes them. It puts
// markers in its place, finds them in the JSON, and replaces them by placeholders. A
// marker is a secret and an index, so that no text of a client can look like one.
type extractor struct {
	binary [][]byte
	secret [15]byte // its length is a multiple of three, so it has a base64 of its own
}

const (
	// markerLen is the length of a marker in JSON: the secret and three bytes of
	// index, in base64 and in quotes.
	markerLen = 1 + (15+3)/3*4 + 1
	// maxValueDepth is the depth at which extract stops. If a value is that deep
	// because it contains itself, encoding/json returns an error.
	maxValueDepth = 1000
)

// extract returns a copy of v with markers in the place of binary. It leaves values
// alone that have a method to encode themselves.
func (x *extractor) extract(v reflect.Value, depth int) reflect.Value {
	t := v.Type()
	pointer := reflect.PointerTo(t) // has the methods of t as well
	if depth > maxValueDepth || pointer.Implements(reflect.TypeFor[json.Marshaler]()) ||
		pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return v
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return v
		}
	}
	out := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Interface:
		return x.extract(v.Elem(), depth+1)
	case reflect.Pointer:
		out.Set(reflect.New(t.Elem()))
		out.Elem().Set(x.extract(v.Elem(), depth+1))
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return reflect.ValueOf(x.mark(v.Bytes())).Convert(t)
		}
		out.Set(reflect.MakeSlice(t, v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(x.extract(v.Index(i), depth+1))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(t, v.Len()))
		for k, e := range v.Seq2() {
			out.SetMapIndex(k, x.extract(e, depth+1))
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if t.Field(i).IsExported() {
				out.Field(i).Set(x.extract(v.Field(i), depth+1))
			}
		}
	default:
		return v
	}
	return out
}

// mark notes a binary value and returns the bytes that stand for it.
func (x *extractor) mark(data []byte) []byte {
	if x.binary == nil {
		rand.Read(x.secret[:])
	}
	i := len(x.binary)
	x.binary = append(x.binary, data)
	return append(x.secret[:15:15], byte(i>>16), byte(i>>8), byte(i))
}

// placeholders turns markers in JSON into placeholders, and returns the attachments in
// the order of their placeholders. encoding/json may have left some out.
func (x *extractor) placeholders(text []byte) (out []byte, attachments [][]byte) {
	if x.binary == nil {
		return text, nil
	}
	head := []byte(`"` + base64.StdEncoding.EncodeToString(x.secret[:]))
	for {
		before, behind, found := bytes.Cut(text, head)
		out = append(out, before...)
		if !found {
			return out, attachments
		}
		var i [3]byte
		base64.StdEncoding.Decode(i[:], behind[:4])
		out = append(out, `{"_placeholder":true,"num":`...)
		out = append(strconv.AppendInt(out, int64(len(attachments)), 10), '}')
		attachments = append(attachments, x.binary[int(i[0])<<16|int(i[1])<<8|int(i[2])])
		text = behind[markerLen-len(head):]
	}
}

package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"
)

var (
	// ErrLethal reports an argument that kills the original's process, or that
	// it could not have published at all.
	ErrLethal = errors.New("the original does not survive this argument")
	// ErrTooLong reports an argument whose text exceeds MaxText, or the length of the
	// argument by too much.
	ErrTooLong = errors.New("the text is too long")
)

// MaxText is how many bytes the text of an argument may have. A client can send
// values that print much longer than they are: one attachment many times, or a
// list of many empty objects. Without a bound that text would go to every client.
const MaxText = 1 << 20

// maxGrowth is how many bytes of text a byte of JSON may print, beside what its
// attachments hold: "{}," prints as "[object Object],". More is printed only by
// placeholders that name one attachment again and again, which clients never do.
const maxGrowth = 8

// Text returns what pub.publish('chat', msg) of the original puts on Redis when
// msg is the JSON value raw: not always String(msg), because the Redis client
// takes an array for its list of arguments. An empty raw is a missing argument.
// The result does not alias raw, which may be a small part of a large message.
//
// Attachments are those of a binary event, which placeholders refer to; without
// any, placeholders are objects like all others. Bytes that are not UTF-8 are
// kept as they are.
//
// The time is proportional to the length of raw and of the result. The memory
// beside the result is proportional to the depth of raw: some 500 bytes a level.
//
// Source: socket.io-parser 3.2 (binary.js) and redis 2.8 (lib/commands.js,
// internal_send_command), run beside this code.
func Text(raw json.RawMessage, attachments [][]byte) ([]byte, error) {
	if text, ok := plainString(raw); ok {
		if len(text) > MaxText {
			return nil, ErrTooLong
		}
		return bytes.Clone(text), nil
	}
	if !json.Valid(raw) { // also where it nests too deep
		return nil, ErrLethal
	}
	p := printer{raw: raw, attachments: attachments, limit: maxGrowth * len(raw)}
	for _, data := range attachments {
		p.limit += len(data)
	}
	p.limit = min(p.limit, MaxText)
	if err := p.publish(); err != nil {
		return nil, err
	}
	if cap(p.out) > 2*len(p.out)+256 {
		p.out = bytes.Clone(p.out) // a short text must not keep the memory of a long one
	}
	return p.out, nil
}

// plainString returns the text of a string without escapes: nearly every line.
func plainString(raw []byte) (text []byte, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return nil, false
	}
	text = raw[1 : len(raw)-1]
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			return nil, false
		}
	}
	return text, utf8.Valid(text)
}

// A printer prints valid JSON as the original does, in one pass.
type printer struct {
	raw         []byte
	at          int // in raw
	attachments [][]byte
	limit       int // of out
	out         []byte
}

// A class is what has been printed, as far as that decides what follows.
type class uint8

const (
	other class = iota
	null
	undefined // what a placeholder without attachment refers to
)

// publish prints the second argument of publish('chat', arg).
func (p *printer) publish() error {
	p.space()
	if p.raw[p.at] != '[' {
		class, err := p.argument()
		if class == undefined {
			return ErrLethal // the client counts one argument less
		}
		return err
	}
	// The elements are the arguments behind the channel, and PUBLISH takes
	// exactly one.
	if p.next(); p.raw[p.at] == ']' {
		return ErrLethal
	}
	if _, err := p.argument(); err != nil {
		return err
	}
	if p.space(); p.raw[p.at] != ']' {
		return ErrLethal
	}
	return nil
}

// argument prints one argument of a Redis command. Objects are warned of first,
// with the name of their constructor, which may fail.
func (p *printer) argument() (class, error) {
	if p.space(); p.raw[p.at] != '{' {
		return p.value()
	}
	o := p.object()
	if !p.refers(o) && o.constructorErr != nil {
		return other, o.constructorErr
	}
	return p.printObject(o)
}

// value prints String(v) of the value at p.at and steps over it, also where it
// fails: nothing is read twice, however deep it nests.
func (p *printer) value() (class, error) {
	p.space()
	start := p.at
	switch p.raw[start] {
	case '[':
		return other, p.join()
	case '{':
		return p.printObject(p.object())
	}
	p.skip()
	switch text := p.raw[start:p.at]; text[0] {
	case '"':
		return other, p.write(unquote(text))
	case 'n':
		return null, p.write(text)
	case 't', 'f':
		return other, p.write(text)
	default:
		return other, p.write([]byte(numberText(json.Number(text))))
	}
}

// join prints array.join(): null and undefined are empty.
func (p *printer) join() (err error) {
	for p.next(); p.raw[p.at] != ']'; p.comma() {
		if err != nil {
			p.skip()
			continue
		}
		before := len(p.out)
		var class class
		if class, err = p.value(); class != other {
			p.out = p.out[:before]
		}
		if p.space(); p.raw[p.at] == ',' && err == nil {
			err = p.write([]byte{','})
		}
	}
	p.at++
	return err
}

// An object is what decides how an object prints. Of several members with one
// name the last counts.
type object struct {
	placeholder    bool // _placeholder is truthy
	num            string
	numErr         error // num does not print
	hasNum         bool
	shadowed       bool  // toString is there, and nothing in JSON is a function
	nameErr        error // name does not print
	constructorErr error // constructor.name cannot be read or printed
}

// object reads an object and steps over it.
func (p *printer) object() (o object) {
	for p.next(); p.raw[p.at] != '}'; p.comma() {
		start := p.at
		p.skip()
		name := unquote(p.raw[start:p.at])
		p.space()
		p.next() // the colon
		switch string(name) {
		case "_placeholder":
			o.placeholder = p.truthy()
		case "num":
			// Placeholders in it are not replaced.
			attachments := p.attachments
			p.attachments = nil
			o.num, o.numErr = p.scratch()
			p.attachments, o.hasNum = attachments, true
		case "toString":
			o.shadowed = true
			p.skip()
		case "name":
			_, o.nameErr = p.scratch()
		case "constructor":
			o.constructorErr = p.constructor()
		default:
			p.skip()
		}
		p.space()
	}
	p.at++
	return o
}

// scratch steps over the value at p.at and returns how it prints, which is not
// part of the output.
func (p *printer) scratch() (string, error) {
	before := len(p.out)
	_, err := p.value()
	text := string(p.out[before:])
	p.out = p.out[:before]
	return text, err
}

// constructor does what can go wrong in 'of type ' + object.constructor.name.
func (p *printer) constructor() error {
	switch p.raw[p.at] {
	case 'n':
		p.skip()
		return ErrLethal
	case '{':
		o := p.object()
		if !p.refers(o) {
			return o.nameErr
		}
		if _, ok, err := p.attachment(o); err != nil || !ok {
			return ErrLethal // undefined has no name
		}
		return nil
	}
	p.skip() // it has a name, or undefined, which prints
	return nil
}

// refers tells whether an object is replaced by an attachment.
func (p *printer) refers(o object) bool { return o.placeholder && len(p.attachments) > 0 }

// printObject prints String(o), after its placeholder has been replaced.
func (p *printer) printObject(o object) (class, error) {
	if p.refers(o) {
		data, ok, err := p.attachment(o)
		switch {
		case err != nil:
			return other, err
		case !ok:
			return undefined, p.write([]byte("undefined"))
		}
		return other, p.write(data)
	}
	if o.shadowed {
		return other, ErrLethal
	}
	return other, p.write([]byte("[object Object]"))
}

// attachment finds what a placeholder refers to. Its num may be anything: it is
// turned into the name of a property of the list of attachments. Names other
// than indexes ("length", "push") are taken as out of range. Where the value is
// not printed, a num that has no name goes unnoticed; the original closes the
// session.
func (p *printer) attachment(o object) (data []byte, ok bool, err error) {
	if !o.hasNum {
		return nil, false, nil
	}
	if o.numErr != nil {
		return nil, false, o.numErr
	}
	index, err := strconv.Atoi(o.num)
	if err != nil || index < 0 || index >= len(p.attachments) || strconv.Itoa(index) != o.num {
		return nil, false, nil
	}
	return p.attachments[index], true, nil
}

// truthy tells whether the value at p.at is true to JavaScript, and steps over it.
func (p *printer) truthy() bool {
	start := p.at
	p.skip()
	switch text := p.raw[start:p.at]; text[0] {
	case 'n', 'f':
		return false
	case '"':
		return len(text) > len(`""`)
	case '[', '{', 't':
		return true
	default:
		return numberText(json.Number(text)) != "0"
	}
}

func (p *printer) write(text []byte) error {
	if len(p.out)+len(text) > p.limit {
		return ErrTooLong
	}
	if len(p.out)+len(text) > cap(p.out) {
		// The rest of raw prints at least as much in most cases, and append would
		// allocate five times the result.
		more := max(len(text), len(p.out), len(p.raw)-p.at)
		p.out = slices.Grow(p.out, min(more, p.limit-len(p.out)))
	}
	p.out = append(p.out, text...)
	return nil
}

package notation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// A Request is one of an exchange: "POST @a -H Origin: http://a -d 1:2".
type Request struct {
	Title  string // the line as it is written, without options
	Method string

	line    string // method, target and perhaps the version
	headers []string
	body    string
	hasBody bool
	packets []string // the body's, in the encoding of the dialect
}

var websocketHeaders = []string{
	"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

// ParseRequest reads a request. The options are -H for a header, -U for those of a websocket handshake, -p
// for a packet of the body, and last -d for the body itself.
func ParseRequest(text string) (r Request, err error) {
	if target, ok := strings.CutPrefix(text, "UPGRADE "); ok {
		target, more, _ := strings.Cut(target, " ")
		text = strings.TrimSuffix("GET "+target+" -U "+more, " ")
	}
	var body string
	text, body, r.hasBody = strings.Cut(text, " -d")
	if r.body, err = Expand(strings.TrimPrefix(body, " ")); err != nil {
		return r, err
	}
	options := strings.Split(text, " -")
	r.Title = options[0]
	if r.line, err = Expand(options[0]); err != nil {
		return r, err
	}
	r.Method, _, _ = strings.Cut(r.line, " ")
	for _, option := range options[1:] {
		name, value, _ := strings.Cut(option, " ")
		value, err := Expand(value)
		switch {
		case err != nil:
			return r, err
		case name == "H":
			r.headers = append(r.headers, value)
		case name == "U":
			r.headers = append(r.headers, websocketHeaders...)
		case name == "p":
			r.packets, r.hasBody = append(r.packets, value), true
		default:
			return r, fmt.Errorf("no option -%s", option)
		}
	}
	return r, nil
}

var shorthand = regexp.MustCompile(`([@~])([34]?)([a-c]?)`)

// Text is the request as it goes out in the dialect of an EIO, "3" or "4". Version, Host and Content-Length
// are added where they are missing.
func (r Request) Text(eio string, s Sessions) string {
	line := shorthand.ReplaceAllStringFunc(r.line, func(s string) string {
		m := shorthand.FindStringSubmatch(s)
		target := "/socket.io/?EIO=" + eio
		if m[2] != "" {
			target = "/socket.io/?EIO=" + m[2]
		}
		target += map[string]string{"@": "&transport=polling", "~": "&transport=websocket"}[m[1]]
		if m[3] != "" {
			target += "&sid={" + m[3] + "}"
		}
		return target
	})
	if !strings.Contains(line, " HTTP/") {
		line += " HTTP/1.1"
	}
	headers, body := slices.Clone(r.headers), s.Insert(r.body)
	if r.packets != nil {
		body = Payload(eio, r.packets...)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, name+":") })
	}
	if !has("Host") {
		headers = append(headers, "Host: localhost")
	}
	if r.hasBody && !has("Content-Length") && !has("Transfer-Encoding") {
		headers = append(headers, fmt.Sprint("Content-Length: ", len(body)))
	}
	return s.Insert(line+"\r\n"+strings.Join(headers, "\r\n")) + "\r\n\r\n" + body
}

// Payload encodes packets for a POST in the dialect of an EIO, "3" or "4".
func Payload(eio string, packets ...string) string {
	if eio == "4" {
		return strings.Join(packets, "\x1e")
	}
	var payload strings.Builder
	for _, packet := range packets {
		fmt.Fprintf(&payload, "%d:%s", len(utf16.Encode([]rune(packet))), packet)
	}
	return payload.String()
}

// Sessions are the ids of the sessions a, b and c, in the order of their handshakes.
type Sessions []string

var sessionID = regexp.MustCompile(`sid\\*":\\*"([A-Za-z0-9_-]{20})\\*"`)

// Learn adds the sessions that an answer begins.
func (s *Sessions) Learn(text string) {
	for _, m := range sessionID.FindAllStringSubmatch(text, -1) {
		*s = append(*s, m[1])
	}
}

// Insert puts in the ids that {a}, {b} and {c} stand for.
func (s Sessions) Insert(text string) string {
	for i, sid := range s {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%c}", 'a'+i), sid)
	}
	return text
}

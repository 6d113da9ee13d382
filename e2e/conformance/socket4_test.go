package main

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"
)

// connect4 connects in protocol 4, where the first namespace needs no CONNECT.
func (s *testServer) connect4() *socket {
	s.t.Helper()
	k, _ := s.connect("3")
	k.want("40")
	return k
}

func TestConnect4(t *testing.T) {
	s := start(t, "sioc2")
	k := s.connect4()
	for _, name := range []string{"/foo", "/timeout_socket", "/valid", "/asd"} {
		k.send("40" + name + ",")
		k.want("40" + name + ",")
	}
	k.send("40/no,")
	k.want(`44/no,"Auth failed (custom namespace)"`)
	k.send("40/nope")
	k.want(`44/nope,"Invalid namespace"`)
	refused := s.dial("EIO=3&transport=websocket&fail=true")
	parseOpen(t, refused.read())
	refused.want(`44"Auth failed (main namespace)"`) // and no CONNECT before
	refused.send(`42["hi"]`, "2")
	refused.want("3") // nothing else
}

func TestQueries4(t *testing.T) {
	s := start(t, "sioc2")
	k := s.dial("EIO=3&transport=websocket&c=request&e=f")
	parseOpen(t, k.read())
	k.want("40")
	query := func(packet, head, tail string) map[string]any {
		t.Helper()
		k.send(packet)
		got := k.read()
		if len(got) > 3 && got[:3] == "40/" {
			got = k.read()
		}
		var answer struct{ Query map[string]any }
		if len(got) < len(head) || json.Unmarshal([]byte(got[len(head):len(got)-len(tail)]), &answer) != nil {
			t.Fatalf("%s was answered with %q", packet, got)
		}
		return answer.Query
	}
	if q := query(`421["getHandshake"]`, `431[`, "]"); q["e"] != "f" || q["transport"] != "websocket" {
		t.Errorf("the handshake of / has the query %v", q)
	}
	q := query("40/abc?a=b&c=namespace&%26a=%26%3D%3Fa,", `42/abc,["handshake",`, "]")
	if q["a"] != "b" || q["c"] != "request" || q["e"] != "f" || q["&a"] != "&=?a" {
		t.Errorf("the handshake of /abc has the query %v", q)
	}
}

func TestDisconnect4(t *testing.T) {
	s := start(t, "sioc2")
	k := s.connect4()
	k.send("40/foo,", `41/foo,`, `42/foo,["x"]`, `41/foo,`, `41/nope`, "41", `42["hi"]`, "2")
	k.want("40/foo,", "3") // what comes behind a DISCONNECT is ignored
	k.send("40")
	k.want("40")
	k.send(`42["hi"]`)
	k.want(`42["hi"]`)
}

// What is invalid in protocol 4 is ignored, but for what the original cannot survive.
func TestInvalidPackets4(t *testing.T) {
	s := start(t, "sioc2")
	k := s.connect4()
	k.send("4x", "47", `42{`, `42{}`, `42abc["hi"]`, `42["hi"]abc`, `42[]`, `42[null]`, `42`, `43["x"]`, `4312["x"]`,
		`42/nope,["hi"]`, `44"x"`, "2")
	k.want("3")
	for _, message := range []string{"4", `45["hi"]`, "binary \x04\x01"} {
		k := s.connect4()
		k.send(message)
		k.want("closed")
	}
}

const p0 = `{"_placeholder":true,"num":0}`

func TestMessages4(t *testing.T) {
	k := start(t, "sioc2").connect4()
	k.send("40/foo,")
	k.want("40/foo,")
	data := "binary \x04asdfasdf"
	for _, test := range []struct{ send, want []string }{
		{[]string{`42["hi"]`}, []string{`42["hi"]`}},
		{[]string{`42["ack"]`}, []string{`420["ack"]`}},
		{[]string{`430[5,{"test":true}]`}, []string{`42["got it"]`}},
		{[]string{`42["false"]`}, []string{`42["false",false]`}},
		{[]string{`42["getUtf8"]`}, []string{`42["takeUtf8","てすと"]`, `42["takeUtf8","Я Б Г Д Ж Й"]`, `42["takeUtf8","Ä ä Ü ü ß"]`,
			`42["takeUtf8","utf8 — string"]`, `42["takeUtf8","utf8 — string"]`}},
		{[]string{`42["doge"]`}, []string{`451-["doge",` + p0 + `]`, data}},
		{[]string{`42["getbin"]`}, []string{`451-["takebin",` + p0 + `]`, data}},
		{[]string{`451-["buffa",` + p0 + `]`, data}, []string{`42["buffack"]`}},
		{[]string{`451-["blob",` + p0 + `]`, data}, []string{`42["back"]`}},
		{[]string{`451-["jsonbuff",{"hello":"lol","message":` + p0 + `,"goodbye":"gotcha"}]`, data}, []string{`42["jsonbuff-ack"]`}},
		{[]string{`451-["jsonblob",{"hello":"lol","message":` + p0 + `,"goodbye":"gotcha"}]`, data}, []string{`42["jsonblob-ack"]`}},
		{[]string{`451-["abuff1",` + p0 + `]`, data, `42["abuff2","please arrive second"]`}, []string{`42["abuff2-ack"]`}},
		{[]string{`451-["blob1",` + p0 + `]`, data, `42["blob2","second"]`, `451-["blob3",` + p0 + `]`, data}, []string{`42["blob3-ack"]`}},
	} {
		k.send(test.send...)
		k.want(test.want...)
	}
	// What is not what the test sends has no answer.
	k.send(`42["buffa","x"]`, `42["jsonbuff",{}]`, `42["abuff2","x"]`, `42["blob3"]`, `42/foo,["hi"]`, `42["unknown"]`, `429["hi"]`)
	k.want(`42["hi"]`)
	k.send("2")
	k.want("3")
}

func TestDates4(t *testing.T) {
	k := start(t, "sioc2").connect4()
	for packet, want := range map[string]string{
		`427["getAckDate",{"test":true}]`: `^437\["(.*)"\]$`,
		`42["getDate"]`:                   `^42\["takeDate","(.*)"\]$`,
		`42["getDateObj"]`:                `^42\["takeDateObj",\{"date":"(.*)"\}\]$`,
	} {
		k.send(packet)
		got := k.read()
		date := append(regexp.MustCompile(want).FindStringSubmatch(got), "", "")[1]
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", date); err != nil {
			t.Errorf("%s was answered with %q: %v", packet, got, err)
		}
	}
}

// Clients of 3.x and 4.x find the same server.
func TestClientProfileInProtocol5(t *testing.T) {
	k, _ := start(t, "sioc2").connect("4")
	k.join("40", "40")
	k.send("40/no,")
	k.want(`44/no,{"message":"Auth failed (custom namespace)"}`)
	k.send(`42["getbin"]`)
	k.want(`451-["takebin",`+p0+`]`, "binary asdfasdf")
}

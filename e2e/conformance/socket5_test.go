package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// join connects to a namespace in protocol 5 and returns the id there.
func (k *socket) join(packet, prefix string) string {
	k.t.Helper()
	k.send(packet)
	var answer struct{ SID string }
	got := k.read()
	data, ok := strings.CutPrefix(got, prefix)
	if !ok || json.Unmarshal([]byte(data), &answer) != nil || len(answer.SID) != 20 {
		k.t.Fatalf("%s was answered with %q", packet, got)
	}
	return answer.SID
}

// connect5 connects to the first namespace.
func (s *testServer) connect5() *socket {
	s.t.Helper()
	k, _ := s.connect("4")
	k.join("40", "40")
	k.want(`42["auth",{}]`)
	return k
}

func TestConnect5(t *testing.T) {
	s := start(t, "sio5")
	k, o := s.connect("4")
	ids := map[string]bool{o.SID: true}
	for _, packet := range []string{`40{"token":"123"}`, `40/custom,{"token":"abc"}`} {
		namespace := packet[:strings.Index(packet, "{")]
		ids[k.join(packet, namespace)] = true
		k.want(strings.Replace(namespace, "40", "42", 1) + `["auth",` + packet[len(namespace):] + `]`)
	}
	if len(ids) != 3 {
		t.Errorf("session and namespaces share ids: %v", ids)
	}
	k.send("40/random")
	k.want(`44/random,{"message":"Invalid namespace"}`)
	k.send("40/random,{}")
	k.want(`44/random,{"message":"Invalid namespace"}`)
}

func TestConnectIsNeeded5(t *testing.T) {
	s := start(t, "sio5")
	for _, packet := range []string{"4abc", "40abc", `42["message"]`, `40[]`, "41", "43[]"} {
		k, _ := s.connect("4")
		k.send(packet)
		k.want("closed")
	}
	k, _ := s.connect("4")
	k.want("closed") // within a second
}

func TestDisconnect5(t *testing.T) {
	s := start(t, "sio5")
	k := s.connect5()
	k.join("40/custom,", "40/custom,")
	k.want(`42/custom,["auth",{}]`)
	k.send("41", "40/custom2,")
	k.want(`44/custom2,{"message":"Invalid namespace"}`) // the session goes on
	k.join("40", "40")
	k.want(`42["auth",{}]`)
	k.send("41/custom,", `42["message","still here"]`)
	k.want(`42["message-back","still here"]`)
}

func TestMessages5(t *testing.T) {
	k := start(t, "sio5").connect5()
	const p0, p1 = `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	for _, test := range []struct{ send, want []string }{
		{[]string{`42["message"]`}, []string{`42["message-back"]`}},
		{[]string{`42["message",1,"2",{"3":[true]}]`}, []string{`42["message-back",1,"2",{"3":[true]}]`}},
		{[]string{`42["message",null,1e3,"日本"]`}, []string{`42["message-back",null,1e3,"日本"]`}},
		{[]string{`452-["message",` + p0 + `,` + p1 + `]`, "binary \x01", "binary \x02"},
			[]string{`452-["message-back",` + p0 + `,` + p1 + `]`, "binary \x01", "binary \x02"}},
		{[]string{`452-["message",{"a":[` + p1 + `]},` + p0 + `]`, "binary \x01", "binary \x02"},
			[]string{`452-["message-back",{"a":[` + p0 + `]},` + p1 + `]`, "binary \x02", "binary \x01"}},
		{[]string{`42456["message-with-ack",1,"2",{"3":[false]}]`}, []string{`43456[1,"2",{"3":[false]}]`}},
		{[]string{`420["message-with-ack"]`}, []string{`430[]`}},
		{[]string{`452-789["message-with-ack",` + p0 + `,` + p1 + `]`, "binary \x01", "binary \x02"},
			[]string{`462-789[` + p0 + `,` + p1 + `]`, "binary \x01", "binary \x02"}},
	} {
		k.send(test.send...)
		k.want(test.want...)
	}
}

func TestMessagesOverPolling5(t *testing.T) {
	s := start(t, "sio5")
	d := dialects[1]
	query := s.poll(d)
	s.want(200, "ok", "POST", query, d.payload("40", `451-1["message-with-ack",{"_placeholder":true,"num":0}]`, "bAQID"))
	var got []string
	for len(got) < 4 {
		status, body := s.do("GET", query, "")
		if status != 200 {
			t.Fatalf("a poll was answered with %d %q after %q", status, body, got)
		}
		got = append(got, strings.Split(body, "\x1e")...)
	}
	want := []string{`42["auth",{}]`, `461-1[{"_placeholder":true,"num":0}]`, "bAQID"}
	if !strings.HasPrefix(got[0], "40{") || !slices.Equal(got[1:], want) {
		t.Errorf("the polls got %q, want %q behind the answer to CONNECT", got, want)
	}
}

func TestInvalidPackets5(t *testing.T) {
	s := start(t, "sio5")
	for _, packets := range [][]string{
		{"4abc"}, {"47"}, {"4"}, {`42{`}, {`42{}`}, {`42abc["message"]`}, {`42["message",1]abc`}, {`42[]`}, {`42[null]`},
		{`42["connect"]`}, {"44"}, {"44{}"}, {"40"}, {`42/custom,["message"]`}, {`45["message"]`}, {`450-["message"]`},
		{`4511-["message"]`}, {"binary \x01"}, {`451-["message",{"_placeholder":true,"num":0}]`, `42["message"]`},
		{`451-["message",{"_placeholder":true,"num":1}]`, "binary \x01"},
		{`451-["message",{"_placeholder":true,"num":"0"}]`, "binary \x01"},
	} {
		k := s.connect5()
		k.send(packets...)
		k.want("closed")
	}
}

package engine

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/gobwas/ws"

	"tsunagu/internal/packet"
)

// checkNoneCounted checks the counters of a server without sessions: each one
// that was opened was closed, over the transport that it had in the end.
func checkNoneCounted(t testing.TB, s Stats) {
	t.Helper()
	for carrier, n := range s.Sessions {
		if n != 0 {
			t.Errorf("%d sessions of %v are counted, and there are none", n, carrier)
		}
	}
	if opened, closed := sum(s.Opened), sum(s.Closed); opened != closed {
		t.Errorf("%d sessions were counted as opened, %d as closed", opened, closed)
	}
}

func sum[K comparable](m map[K]int64) (n int64) {
	for v := range maps.Values(m) {
		n += v
	}
	return n
}

func wantCount[K comparable](t *testing.T, what string, got, want map[K]int64) {
	t.Helper()
	maps.DeleteFunc(got, func(_ K, n int64) bool { return n == 0 })
	if !maps.Equal(got, want) {
		t.Errorf("%s: counted %v, want %v", what, got, want)
	}
}

func TestStatsOfSessions(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	st.connect(polling4)
	ws4, _ := st.join(websocket4)
	wantCount(t, "sessions", st.engine.Stats().Sessions, map[Carrier]int64{
		{Revision3, "polling"}: 1, {Revision4, "polling"}: 1, {Revision4, "websocket"}: 1,
	})
	c := p.probe()
	c.send("5")
	p.wantUpgraded(c)
	wantCount(t, "sessions after an upgrade", st.engine.Stats().Sessions, map[Carrier]int64{
		{Revision3, "websocket"}: 1, {Revision4, "polling"}: 1, {Revision4, "websocket"}: 1,
	})
	ws4.frame(ws.NewCloseFrame(nil))
	await(t, st.closed, "the end of the websocket session")
	s := st.engine.Stats()
	wantCount(t, "sessions after one has ended", s.Sessions, map[Carrier]int64{
		{Revision3, "websocket"}: 1, {Revision4, "polling"}: 1,
	})
	wantCount(t, "opened", s.Opened, map[Revision]int64{Revision3: 1, Revision4: 2})
	wantCount(t, "closed", s.Closed, map[Reason]int64{TransportClose: 1})
	if s.Upgrades != 1 {
		t.Errorf("%d upgrades are counted, want 1", s.Upgrades)
	}
}

func TestStatsOfTraffic(t *testing.T) {
	st := newTestServer(t, Config{})
	p := st.connect(polling3)
	c, session := st.join(websocket3)

	p.post("6:4hello")
	c.send("4world!")
	p.wantReceived("hello", "world!")
	session.Send(Message{Data: []byte("0123456789")})
	c.want("40123456789")
	p.session.Send(Message{Data: []byte("0123456789")})
	p.wantPoll("11:40123456789")
	open, _ := packet.AppendPayload3(nil, slices.Values([]packet.Packet{p.session.openPacket()}), true)
	out := [][]byte{open, []byte("11:40123456789"), packet.AppendFrame(nil, false, []byte("0"), session.openPacket().Data), []byte("..40123456789")}
	eventually(t, "all bytes written are counted", func() bool {
		return st.engine.Stats().BytesOut == int64(len(bytes.Join(out, nil)))
	})
	s := st.engine.Stats()
	if s.Received != 2 {
		t.Errorf("%d messages are counted as received, want 2", s.Received)
	}
	if want := int64(len("6:4hello") + len("4world!")); s.BytesIn != want {
		t.Errorf("%d bytes are counted as received, want %d", s.BytesIn, want)
	}
}

func TestStatsOfRefusals(t *testing.T) {
	st := newTestServer(t, Config{Revisions: []Revision{Revision3}})
	for _, query := range []string{"transport=pigeon", "transport=polling&sid=nobody", polling4, polling4, websocket3} {
		st.do("GET", query, "")
	}
	st.do("POST", polling3, "")
	st.raw("GET", websocket3, "Connection: Upgrade\r\nUpgrade: websocket\r\n", "")
	st.raw("GET", websocket4, upgradeHeaders, "")
	wantCount(t, "refused", st.engine.Stats().Refused, map[RefuseReason]int64{
		RefusedTransport: 1, RefusedSession: 1, RefusedRevision: 3, RefusedRequest: 1, RefusedMethod: 1, RefusedWebSocket: 1,
	})
}

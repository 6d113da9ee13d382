package adapter

import "testing"

func TestStateFollowsRedis(t *testing.T) {
	m := mini(t)
	n := start(t, at(m.Addr()), quick())
	await(t, "the subscription stands", n.Subscribed)
	n.say(t, "hello")
	n.wait(t, 1)
	await(t, "nothing waits", func() bool { return n.WaitingBytes() == 0 })

	m.Close()
	await(t, "the subscription is gone", func() bool { return !n.Subscribed() })
	n.say(t, "waits")
	if got, want := n.WaitingBytes(), cost([]byte("waits")); got != want {
		t.Errorf("%d bytes wait, want %d", got, want)
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	await(t, "the subscription stands again", n.Subscribed)
	n.wait(t, 2)
	await(t, "nothing waits again", func() bool { return n.WaitingBytes() == 0 })
}

func TestStateBeforeRun(t *testing.T) {
	a := New(nil, Config{})
	if a.Subscribed() || a.WaitingBytes() != 0 {
		t.Errorf("an adapter that does not run: subscribed %t, %d bytes wait", a.Subscribed(), a.WaitingBytes())
	}
}

package load

import (
	"testing"
	"time"
)

func TestRecordCountsEveryFault(t *testing.T) {
	const run, clients, messages, senders = 7, 2, 70, 2
	r := newRecord(run, clients, messages, senders)
	sent := make([]int64, messages)
	for i := range sent {
		sent[i] = int64(i) * int64(time.Millisecond)
	}
	receive := func(c, seq int) { r.receive(c, appendMessage(nil, run, uint32(seq), sent[seq]), sent[seq]+1000) }
	for seq := range messages {
		receive(0, seq)
	}
	// The other client misses message 69, receives 4 twice, and 64 after 66 of the same sender. Message 2 may come after 3,
	// because they have two senders.
	for seq := range messages - 1 {
		switch seq {
		case 2:
			receive(1, 3)
			receive(1, 2)
		case 3:
		case 4:
			receive(1, 4)
			receive(1, 4)
		case 64:
			receive(1, 66)
			receive(1, 64)
		case 66:
		default:
			receive(1, seq)
		}
	}
	r.receive(1, appendMessage(nil, run+1, 0, 0), 5)
	r.receive(1, appendMessage(nil, run, messages, 0), 5)
	r.receive(1, []byte(`42["chat","hello"]`), 5)
	if r.delivered != 2*messages-1 {
		t.Errorf("delivered %d", r.delivered)
	}
	if r.duplicates != 1 || r.disorder != 1 || r.foreign != 3 {
		t.Errorf("duplicates %d, disorder %d, foreign %d", r.duplicates, r.disorder, r.foreign)
	}
	end := int64(time.Minute)
	if n := r.close(sent, end); n != 1 || r.delays.n != 2*messages || r.delays.max != end-sent[69] {
		t.Errorf("undelivered %d, %d delays, the longest %d", n, r.delays.n, r.delays.max)
	}
}

func TestAcceptRate(t *testing.T) {
	var times []int64
	for i := range 101 { // a slow start, then one every 2 ms
		at := int64(i) * 2e6
		if i < 20 {
			at -= 1e9
		}
		times = append(times, at)
	}
	if r := acceptRate(times, 20); r < 499.9 || r > 500.1 {
		t.Errorf("%v", r)
	}
	if r := acceptRate(times[:20], 20); r != 0 {
		t.Errorf("from too few connections: %v", r)
	}
}

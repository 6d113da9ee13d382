package admin

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tsunagu/internal/panics"
)

// A brokenNode panics once, and then reports.
type brokenNode struct{ asked atomic.Bool }

func (n *brokenNode) Figures() Figures {
	if n.asked.CompareAndSwap(false, true) {
		panic("Figures broke")
	}
	return sampleFigures("1")
}

// A panic costs the page one sample.
func TestSamplerPanics(t *testing.T) {
	recorder := panics.New(nil)
	get := run(t, Config{Nodes: []Node{&brokenNode{}}, Interval: time.Millisecond, Panics: recorder})
	for {
		if _, body := get("/history"); strings.Contains(body, `"host:1"`) {
			break
		}
	}
	if n := recorder.Counts()[panics.Report]; n != 1 {
		t.Errorf("%d panics were counted, want 1", n)
	}
}

// A panic costs Prometheus the metrics of one answer: the registry calls Collect in a
// goroutine of its own, where nobody else would recover it.
func TestCollectorPanics(t *testing.T) {
	recorder := panics.New(nil)
	r := newRegistry([]Node{&brokenNode{}}, recorder)
	for _, want := range []bool{false, true} {
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, f := range families {
			got = got || f.GetName() == "tsunagu_ready"
		}
		if got != want {
			t.Errorf("tsunagu_ready is in the answer: %t, want %t", got, want)
		}
	}
	if n := recorder.Counts()[panics.Report]; n != 1 {
		t.Errorf("%d panics were counted, want 1", n)
	}
}

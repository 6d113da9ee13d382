package admin

import (
	"context"
	"sync"
	"time"

	"tsunagu/internal/panics"
)

// window is how far back the page shows.
const window = 5 * time.Minute

// A Sample holds the figures of all known nodes at one moment.
type Sample struct {
	Seq    int64     `json:"seq"` // counts samples, from 1
	At     time.Time `json:"at"`
	Local  []Figures `json:"local"`
	Others []Figures `json:"others"` // of other processes
}

// A history holds the samples of the last minutes.
type history struct {
	max int

	mu sync.Mutex
	// guarded by mu
	samples []Sample // oldest first
	seq     int64
}

func (h *history) add(local, others []Figures) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	h.samples = append(h.samples, Sample{h.seq, time.Now(), local, others})
	if len(h.samples) > h.max {
		h.samples[0] = Sample{}
		h.samples = h.samples[1:]
	}
}

// after returns the samples with higher numbers than seq. Of a number that was
// not given out yet, as from a page that outlived the process, nothing follows,
// so all are returned.
func (h *history) after(seq int64) []Sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq > h.seq || len(h.samples) == 0 {
		seq = 0
	}
	for i, s := range h.samples {
		if s.Seq > seq {
			return append([]Sample{}, h.samples[i:]...)
		}
	}
	return []Sample{}
}

// sample takes samples until ctx is done.
func (s *Server) sample(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Interval)
	defer tick.Stop()
	for {
		s.takeSample(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// takeSample takes one sample, none if it panics.
func (s *Server) takeSample(ctx context.Context) {
	defer s.cfg.Panics.Recover(panics.Report, nil)
	local := []Figures{}
	for _, n := range s.cfg.Nodes {
		local = append(local, n.Figures())
	}
	s.history.add(local, s.others(ctx))
}

// others asks what other processes report.
func (s *Server) others(ctx context.Context) []Figures {
	if s.cfg.Others == nil {
		return []Figures{}
	}
	reports, err := s.cfg.Others(ctx)
	if err != nil {
		s.cfg.Logger.Debug("the admin page does not see the other nodes", "error", err)
		return []Figures{}
	}
	all := []Figures{}
	for _, report := range reports {
		f, err := Decode(report)
		if err != nil {
			s.cfg.Logger.Debug("the admin page ignores what another node reports", "error", err)
			continue
		}
		all = append(all, f)
	}
	return all
}

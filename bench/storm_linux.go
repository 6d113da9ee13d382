package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"tsunagu/bench/load"
)

// stormInterval is the time between two messages to the bystanders of a storm.
const stormInterval = 20 * time.Millisecond

// storm drops all clients but the bystanders at once, and compares what the server holds before with what it holds after
// a rest with as many clients as before.
func (m *measurement) storm(ctx context.Context) (err error) {
	st := &storm{}
	if st.Before, err = m.nodes.held(ctx); err != nil {
		return err
	}
	args := load.StormArgs{Bystanders: m.row.bystanders, Interval: stormInterval, Drain: drain}
	if m.Window, err = m.during(func() (err error) { st.Storm, err = m.gen.Storm(args); return err }); err != nil {
		return err
	}
	if err := wait(ctx, m.row.rest); err != nil {
		return err
	}
	if st.After, err = m.nodes.held(ctx); err != nil {
		return err
	}
	m.Storm = st
	return nil
}

// held is what all nodes together hold.
func (n nodes) held(ctx context.Context) (h held, err error) {
	if h.KB, err = n.rss(); err != nil {
		return h, err
	}
	err = n.each(func(p *process) error {
		fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid()))
		if err != nil {
			return err
		}
		h.Descriptors += len(fds)
		if p.admin == "" {
			return nil
		}
		goroutines, err := goroutinesOf(ctx, p.admin)
		h.Goroutines += goroutines
		return err
	})
	return h, err
}

// goroutinesOf asks an admin server for the number of goroutines of its process.
func goroutinesOf(ctx context.Context, admin string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(value)
		}
	}
	return 0, fmt.Errorf("%s/metrics does not say how many goroutines there are", admin)
}

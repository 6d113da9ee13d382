package adapter

import (
	"fmt"
	"strconv"
)

func (w *world) fault() {
	w.faults--
	for _, p := range w.pubs {
		p.probed = false // the next probe comes in time
	}
}

func (w *world) speak(p *modelPublisher) {
	p.said++
	p.win.push(fmt.Appendf(nil, "%s%d", p.win.run, p.said))
}

func (w *world) call(p *modelPublisher) {
	b := p.win.batch(1+w.IntN(3), 1<<20)
	if !p.probed && w.IntN(2) == 0 || p.win.waiting() == 0 {
		b.lines = nil
	}
	p.calls++
	p.call = &modelCall{batch: b, call: p.calls, faults: w.faults}
}

func (w *world) execute(c *modelCall) {
	mark, said := w.redis.publish(c.batch, c.call)
	c.executed, c.mark = true, mark
	for i, text := range said {
		w.say(text, i > 0)
		if i > 0 {
			w.bare[text]++
		}
	}
}

// say publishes on one of the two channels.
func (w *world) say(text string, bare bool) {
	for _, r := range w.recs {
		if r.up {
			r.queue = append(r.queue, modelMessage{text, bare})
		}
	}
}

// foreignText may well be what a node says, too.
func (w *world) foreignText() string {
	w.foreign++
	if w.IntN(2) == 0 {
		return "A1"
	}
	return fmt.Sprintf("foreign %d", w.foreign)
}

func (w *world) answer(p *modelPublisher) {
	c := p.call
	p.call = nil
	mark := c.mark
	if w.mistake == answerIsBelieved {
		mark = max(mark, c.batch.first+uint64(len(c.batch.lines))-1)
	}
	if _, _, err := p.win.acknowledge(mark, 0); err != nil {
		panic(err) // no step of the model can lead to that
	}
	if len(c.batch.lines) == 0 && c.faults == w.faults {
		p.probed = true // since the last fault
	}
	if w.mistake == windowIsDropped || w.heardByAll(p.win.run, p.win.acked) && w.IntN(2) == 0 {
		p.win.trim(0, 0, 0) // as old as may be
	}
}

// heardByAll tells whether a line may be forgotten without breaking the
// promise: it is older than any receiver needs.
func (w *world) heardByAll(run string, number uint64) bool {
	for _, r := range w.recs {
		if h := r.heard[run]; r.joined && number >= r.due[run] && (len(h) == 0 || h[len(h)-1] < number) {
			return false
		}
	}
	return true
}

// trimLog trims the log as its cap does, which never takes the newest entry.
func (w *world) trimLog() {
	n := 0
	for n < len(w.redis.log)-1 {
		// A line above the watermark comes again: it is there twice, or will be.
		pos := w.redis.log[n].pos
		if !w.heardByAll(pos.Run, pos.Number) && pos.Number <= w.redis.marks[pos.Run] {
			break
		}
		n++
	}
	w.redis.trim(n)
}

func (w *world) cutPublisher(p *modelPublisher) {
	if p.call != nil && !p.call.executed {
		w.zombies = append(w.zombies, *p.call)
	}
	p.call = nil
}

func (w *world) forget(i int) { w.zombies = append(w.zombies[:i:i], w.zombies[i+1:]...) }

func (w *world) cutReceiver(r *modelReceiver) { r.up, r.queue, r.reading, r.gap = false, nil, nil, nil }

func (w *world) restart(as *modelRedis) {
	w.redis = as
	for _, p := range w.pubs {
		w.cutPublisher(p)
	}
	for _, r := range w.recs {
		w.cutReceiver(r)
	}
}

func (w *world) join(r *modelReceiver) {
	p := w.redis.read("$", 1)
	r.track.join(p)
	r.joined = true
	w.expect(r)
}

// expect notes what a receiver must hear from now on. What was acknowledged
// before is not due, even if Redis has lost it.
func (w *world) expect(r *modelReceiver) {
	if len(r.due) > 0 {
		return
	}
	marks := w.redis.read("$", 1).marks
	for _, pub := range w.pubs {
		r.due[pub.win.run] = max(marks[pub.win.run], pub.win.quiet) + 1
	}
}

func (w *world) subscribe(r *modelReceiver) {
	r.up = true
	w.expect(r)
	r.track.subscribed()
	if w.mistake != subscriptionIsNoGap {
		r.reading = r.track.read()
	}
}

func (w *world) read(r *modelReceiver) string {
	p := w.redis.read(r.reading.from(), modelPage)
	if w.mistake == jumpsAreFinal && r.reading.stage == fromStart {
		r.reading.gone = map[string]bool{"A": true, "B": true, "C": true}
	}
	if w.mistake == positionIsTrusted && !r.reading.after.IsZero() && (len(p.entries) == 0 || p.entries[0].pos != r.reading.after) {
		p.entries = append([]entry{{pos: r.reading.after}}, p.entries...)
	}
	if (w.mistake == marksAreNotCompared || w.mistake == positionIsTrusted) && p.marks != nil {
		p.marks = map[string]uint64{}
	}
	for _, e := range r.track.page(r.reading, p) {
		if broken := r.hear(e.pos, string(e.text)); broken != "" {
			return broken
		}
	}
	if r.reading.lost > 0 && !r.late {
		return fmt.Sprintf("%d lines are given up for lost", r.reading.lost)
	}
	if r.reading.done {
		gap := r.gap
		r.reading, r.gap = nil, nil
		if gap != nil && r.track.lacks(*gap) {
			w.cutReceiver(r)
		}
	}
	return ""
}

func (w *world) receive(r *modelReceiver) string {
	m := r.queue[0]
	r.queue = r.queue[1:]
	if !m.bare {
		a, err := parseAnnouncement(m.text)
		if err != nil {
			return err.Error()
		}
		if r.track.announce(a) && w.mistake != gapsAreIgnored {
			r.reading, r.gap = r.track.read(), &a
		}
		return ""
	}
	if pos, deliver := r.track.receive(m.text); deliver {
		return r.hear(pos, m.text)
	}
	return ""
}

// hear checks one delivery.
func (r *modelReceiver) hear(pos Position, text string) string {
	if pos.IsZero() {
		r.foreign[text]++
		return ""
	}
	if want := pos.Run + strconv.FormatUint(pos.Number, 10); text != want {
		return fmt.Sprintf("line %s reads %q", want, text)
	}
	h := r.heard[pos.Run]
	// A receiver that came late may miss some of what was said before.
	if len(h) > 0 && (pos.Number <= h[len(h)-1] || pos.Number > max(h[len(h)-1]+1, r.due[pos.Run])) {
		return fmt.Sprintf("%s comes after %s%d", text, pos.Run, h[len(h)-1])
	}
	r.heard[pos.Run] = append(h, pos.Number)
	return ""
}

// verdict checks the end: everybody has heard everything.
func (w *world) verdict() string {
	for text, n := range w.bare {
		if n > 1 && !w.lossy {
			return fmt.Sprintf("Node servers hear %s %d times", text, n)
		}
	}
	for i, r := range w.recs {
		total := 0
		for _, n := range r.foreign {
			total += n
		}
		if total > w.foreign {
			return fmt.Sprintf("receiver %d heard %d lines from elsewhere, of %d", i, total, w.foreign)
		}
		for _, p := range w.pubs {
			h, due := r.heard[p.win.run], r.due[p.win.run]
			switch {
			case uint64(p.said) < due:
			case len(h) == 0 || h[len(h)-1] != uint64(p.said):
				return fmt.Sprintf("receiver %d heard %v of %s, which said %d", i, h, p.win.run, p.said)
			case h[0] > due:
				return fmt.Sprintf("receiver %d heard %v of %s, but all from %d on was due", i, h, p.win.run, due)
			}
		}
	}
	return ""
}

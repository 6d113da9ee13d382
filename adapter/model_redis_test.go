package adapter

import (
	"maps"
	"strconv"
	"strings"
)

// modelRedis is what publish.lua and read.lua make of Redis, without Redis.
// TestModelIsTheScript compares the two.
type modelRedis struct {
	log     []entry
	marks   map[string]uint64
	ids     int // of the last entry ever; an older dump has a lower one
	mistake mistake
}

func newModelRedis(m mistake) *modelRedis {
	return &modelRedis{marks: make(map[string]uint64), mistake: m}
}

// dump returns a copy, as a snapshot on disk or a replica would be.
func (r *modelRedis) dump() *modelRedis {
	return &modelRedis{log: r.log[:len(r.log):len(r.log)], marks: maps.Clone(r.marks), ids: r.ids, mistake: r.mistake}
}

// publish is publish.lua. It returns what goes to subscribers, announcement
// first; nothing when the call is refused.
func (r *modelRedis) publish(b batch, call uint64) (mark uint64, said []string) {
	if len(r.log) == 0 && r.mistake != marksOutliveLog {
		clear(r.marks)
	}
	mark = r.marks[b.run]
	if len(b.lines) > 0 && b.first > mark+1 && !b.base && r.mistake != scriptNeverRefuses {
		return mark, nil
	}
	a := []string{b.run, strconv.FormatUint(call, 10), ""}
	var bare []string
	last := mark
	for i, text := range b.lines {
		number := b.first + uint64(i)
		if number <= mark && r.mistake != scriptNeverSkips {
			continue
		}
		last = max(last, number)
		r.ids++
		id := strconv.Itoa(r.ids)
		r.log = append(r.log, entry{pos: Position{ID: id, Run: b.run, Number: number}, text: text})
		a = append(a, strconv.FormatUint(number, 10), id)
		if number > b.quiet {
			a = append(a, strconv.Itoa(len(text))+":"+lineHash(text))
			bare = append(bare, string(text))
		} else {
			a = append(a, "-")
		}
	}
	r.marks[b.run] = last
	a[2] = strconv.FormatUint(last, 10)
	return last, append([]string{strings.Join(a, " ")}, bare...)
}

// read is read.lua.
func (r *modelRedis) read(from string, count int) (p page) {
	switch {
	case from == "$" && len(r.log) > 0:
		p.entries = r.log[len(r.log)-1:]
	case from != "$":
		first, _ := strconv.Atoi(from) // "-" is zero
		for _, e := range r.log {
			if id, _ := strconv.Atoi(e.pos.ID); id >= first && len(p.entries) < count {
				p.entries = append(p.entries, e)
			}
		}
		if len(p.entries) == count {
			return p
		}
	}
	p.marks = map[string]uint64{}
	if len(r.log) > 0 {
		maps.Copy(p.marks, r.marks)
	}
	return p
}

// trim forgets the oldest n entries.
func (r *modelRedis) trim(n int) { r.log = r.log[n:] }

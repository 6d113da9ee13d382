package adapter

import (
	"fmt"
	"math/rand/v2"
)

// The model is a world of publishers, one Redis and receivers. The publishers'
// windows and the receivers' trackers are the real ones; the rest stands for
// the network and for Redis. One step is one thing that happens anywhere.
type world struct {
	*rand.Rand
	mistake mistake
	redis   *modelRedis
	dumped  *modelRedis // an older state of redis
	pubs    []*modelPublisher
	recs    []*modelReceiver
	zombies []modelCall    // given up, but perhaps not gone
	bare    map[string]int // lines that a Node server hears, which is never cut off
	lossy   bool           // Redis has lost something
	foreign int
	faults  int // that may still happen
	steps   int
	trace   []string
}

type modelPublisher struct {
	win    window
	said   int
	most   int
	calls  uint64
	call   *modelCall // under way
	probed bool       // since the last fault
}

type modelCall struct {
	batch    batch
	call     uint64
	faults   int // those left when it was made
	executed bool
	mark     uint64
}

type modelReceiver struct {
	track   *tracker
	joined  bool
	late    bool // comes when the others have begun to talk
	up      bool // subscribed
	queue   []modelMessage
	reading *reading
	gap     *announcement // why the log is read
	heard   map[string][]uint64
	due     map[string]uint64 // first number that must be heard
	foreign map[string]int
}

type modelMessage struct {
	text string
	bare bool
}

const modelPage = 3 // entries

func newWorld(seed uint64, m mistake) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 0)), mistake: m, redis: newModelRedis(m), bare: map[string]int{}}
	w.dumped = w.redis.dump()
	w.faults = w.IntN(9)
	for i := range 1 + w.IntN(3) {
		w.pubs = append(w.pubs, &modelPublisher{win: newWindow(string(rune('A' + i))), most: 1 + w.IntN(4)})
	}
	for i := range 2 {
		w.recs = append(w.recs, &modelReceiver{track: newTracker(), late: i == 1 && w.IntN(3) == 0,
			heard: map[string][]uint64{}, due: map[string]uint64{}, foreign: map[string]int{}})
	}
	return w
}

// run lets things happen until nothing is left to do, and returns what broke
// the promise.
func (w *world) run() (broken string) {
	for _, r := range w.recs {
		if !r.late {
			w.join(r)
		}
	}
	for {
		todo, faults := w.enabled(), w.possibleFaults()
		// Faults are rare enough for something to happen between two of them.
		if len(faults) > 0 && (len(todo) == 0 || w.IntN(8) == 0) {
			todo = faults
		}
		if len(todo) == 0 {
			return w.verdict()
		}
		t := todo[w.IntN(len(todo))]
		w.steps++
		w.trace = append(w.trace, t.name)
		if broken = t.do(); broken != "" {
			return broken
		}
		if w.steps > 10_000 {
			return "it never ends"
		}
	}
}

type step struct {
	name string
	do   func() string
}

// enabled are the things that can happen while nothing fails.
func (w *world) enabled() (all []step) {
	add := func(name string, do func()) {
		all = append(all, step{name, func() string { do(); return "" }})
	}
	for _, p := range w.pubs {
		run := p.win.run
		if p.said < p.most {
			add("speak "+run, func() { w.speak(p) })
		}
		switch {
		case p.call == nil && (p.win.waiting() > 0 || !p.probed):
			add("call "+run, func() { w.call(p) })
		case p.call != nil && !p.call.executed:
			add("execute "+run, func() { w.execute(p.call) })
		case p.call != nil:
			add("answer "+run, func() { w.answer(p) })
		}
	}
	for i, r := range w.recs {
		name := fmt.Sprintf(" receiver %d", i)
		switch {
		case !r.joined && w.mistake != joinedTooLate:
			add("join"+name, func() { w.join(r) })
		case !r.up:
			add("subscribe"+name, func() { w.subscribe(r) })
		case !r.joined:
			add("join late"+name, func() { w.join(r) })
		case r.reading != nil:
			all = append(all, step{"read" + name, func() string { return w.read(r) }})
		case len(r.queue) > 0:
			all = append(all, step{"receive" + name, func() string { return w.receive(r) }})
		}
	}
	for i := range w.zombies {
		add("execute what was given up", func() { w.execute(&w.zombies[i]); w.forget(i) })
		add("lose what was given up", func() { w.forget(i) })
	}
	return all
}

// possibleFaults are the things that can fail now. Each uses up one of faults.
func (w *world) possibleFaults() (all []step) {
	if w.faults == 0 {
		return nil
	}
	add := func(name string, do func()) {
		all = append(all, step{name, func() string { w.fault(); do(); return "" }})
	}
	for _, p := range w.pubs {
		if p.call != nil {
			add("cut publisher "+p.win.run, func() { w.cutPublisher(p) })
		}
	}
	for i, r := range w.recs {
		if r.up {
			add(fmt.Sprintf("cut receiver %d", i), func() { w.cutReceiver(r) })
		}
	}
	add("dump", func() { w.dumped = w.redis.dump() })
	add("foreign line", func() { w.say(w.foreignText(), true) })
	add("restart with data", func() { w.restart(w.redis) })
	add("restart with old data", func() { w.loseData(); w.restart(w.dumped.dump()) })
	add("restart empty", func() { w.loseData(); w.restart(newModelRedis(w.mistake)) })
	add("evict log", func() { w.loseData(); w.redis.log = nil })
	add("evict watermarks", func() { w.loseData(); clear(w.redis.marks) })
	add("trim log", func() { w.trimLog() })
	return all
}

// loseData remembers that bare lines may be doubled from now on.
func (w *world) loseData() { w.lossy = true }

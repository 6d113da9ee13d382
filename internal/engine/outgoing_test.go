package engine

import (
	"strings"
	"testing"

	"tsunagu/internal/packet"
)

// frame is a message as it stands in a feed or among a session's frames.
func frame(text string) string {
	return string(packet.AppendFrame(nil, false, []byte("4"+text)))
}

// newOutgoing is an open websocket session with one frame of its own, "own",
// and one in its feed, "shared".
func newOutgoing() (*outgoing, *feedLog) {
	log := &feedLog{}
	log.add("shared")
	return &outgoing{state: open, feed: log.start(), frames: []byte(frame("own"))}, log
}

// inState brings it to the state before the event. What is staged is "own".
var inState = map[string]func(o *outgoing){
	"opening":           func(o *outgoing) { o.state = opening },
	"idle":              func(*outgoing) {},
	"staged":            func(o *outgoing) { o.stage(staged) },
	"draining":          func(o *outgoing) { o.stage(staged); o.wrote(1) },
	"closing":           func(o *outgoing) { o.beginClose() },
	"closing, staged":   func(o *outgoing) { o.stage(staged); o.beginClose() },
	"closing, draining": func(o *outgoing) { o.stage(staged); o.wrote(1); o.beginClose() },
	"closed":            func(o *outgoing) { o.end([]byte("bye")) },
	"closed, staged":    func(o *outgoing) { o.stage(staged); o.end([]byte("bye")) },
	"closed, draining":  func(o *outgoing) { o.stage(staged); o.wrote(1); o.end([]byte("bye")) },
}

var events = map[string]func(o *outgoing, log *feedLog){
	"send": func(o *outgoing, log *feedLog) {
		if o.accepts() {
			o.frames = append(o.frames, frame("late")...)
		}
		log.add("news")
	},
	"stage":       func(o *outgoing, _ *feedLog) { o.stage(staged) },
	"wrote whole": func(o *outgoing, _ *feedLog) { o.wrote(len(o.pending)) },
	"wrote short": func(o *outgoing, _ *feedLog) { o.wrote(1) },
	"failed":      func(o *outgoing, _ *feedLog) { o.fail() },
	"close":       func(o *outgoing, _ *feedLog) { o.beginClose() },
}

// rest reads, after the event, everything that still goes out.
func rest(o *outgoing) string {
	var all strings.Builder
	all.Write(o.pending)
	if o.writer != idle {
		o.wrote(len(o.pending))
	}
	for p := o.stage(staged); len(p) > 0; p = o.stage(staged) {
		all.Write(p)
		o.wrote(len(p))
	}
	return all.String()
}

func TestOutgoing(t *testing.T) {
	own, shared, late, news := frame("own"), frame("shared"), frame("late"), frame("news")
	for _, test := range []struct {
		state, event string
		writer       writer
		rest         string
	}{
		{"opening", "send", idle, ""},
		{"opening", "stage", idle, ""},
		{"opening", "failed", idle, ""},

		{"idle", "send", idle, own + late + shared + news},
		{"idle", "stage", staged, own + shared},
		{"idle", "failed", idle, ""},
		{"idle", "close", idle, own + shared},

		{"staged", "send", staged, own + late + shared + news},
		{"staged", "stage", staged, own + shared},
		{"staged", "wrote whole", idle, shared},
		{"staged", "wrote short", draining, own[1:] + shared},
		{"staged", "failed", idle, ""},
		{"staged", "close", staged, own + shared},

		{"draining", "send", draining, own[1:] + late + shared + news},
		{"draining", "stage", draining, own[1:] + shared},
		{"draining", "wrote whole", idle, shared},
		{"draining", "wrote short", draining, own[2:] + shared},
		{"draining", "failed", idle, ""},
		{"draining", "close", draining, own[1:] + shared},

		// What is due was fixed when the close began: no news.
		{"closing", "send", idle, own + shared},
		{"closing", "stage", staged, own + shared},
		{"closing", "failed", idle, ""},
		{"closing, staged", "send", staged, own + shared},
		{"closing, staged", "stage", staged, own + shared},
		{"closing, staged", "wrote whole", idle, shared},
		{"closing, staged", "wrote short", draining, own[1:] + shared},
		{"closing, staged", "failed", idle, ""},
		{"closing, draining", "send", draining, own[1:] + shared},
		{"closing, draining", "wrote whole", idle, shared},
		{"closing, draining", "failed", idle, ""},

		// Half a frame is completed, and then the close frame goes out.
		{"closed", "send", idle, "bye"},
		{"closed", "stage", staged, "bye"},
		{"closed", "failed", idle, ""},
		{"closed, staged", "send", staged, own + "bye"},
		{"closed, staged", "stage", staged, own + "bye"},
		{"closed, staged", "wrote whole", idle, "bye"},
		{"closed, staged", "wrote short", draining, own[1:] + "bye"},
		{"closed, staged", "failed", idle, ""},
		{"closed, draining", "wrote whole", idle, "bye"},
		{"closed, draining", "wrote short", draining, own[2:] + "bye"},
		{"closed, draining", "failed", idle, ""},
	} {
		t.Run(test.state+"/"+test.event, func(t *testing.T) {
			o, log := newOutgoing()
			inState[test.state](o)
			events[test.event](o, log)
			if o.writer != test.writer {
				t.Errorf("the writer is %d, want %d", o.writer, test.writer)
			}
			if got := rest(o); got != test.rest {
				t.Errorf("%q still goes out, want %q", got, test.rest)
			}
			if o.state != opening && o.waiting() {
				t.Error("something waits though everything was taken")
			}
		})
	}
}

// What counts as backlog, and for which of the bounds.
func TestBacklog(t *testing.T) {
	const maxQueue, maxLag = 1000, 5000
	own := func(n int) func(o *outgoing, log *feedLog) {
		return func(o *outgoing, _ *feedLog) { o.frames = make([]byte, n) }
	}
	lag := func(n int) func(o *outgoing, log *feedLog) {
		return func(o *outgoing, log *feedLog) { log.frames = make([]byte, n); o.feed = log.start() }
	}
	drain := func(o *outgoing, _ *feedLog) { o.stage(staged); o.wrote(0) }
	for _, test := range []struct {
		name  string
		steps []func(o *outgoing, log *feedLog)
		want  bool
	}{
		{"its own up to the bound", []func(*outgoing, *feedLog){own(1000)}, false},
		{"its own beyond", []func(*outgoing, *feedLog){own(1001)}, true},
		{"its own, half of it in a drain's hand", []func(*outgoing, *feedLog){own(600), drain, own(400)}, false},
		{"its own, too much with a drain's", []func(*outgoing, *feedLog){own(600), drain, own(401)}, true},
		{"its own in a batch", []func(*outgoing, *feedLog){own(2000), func(o *outgoing, _ *feedLog) { o.stage(staged) }}, false},
		{"the feed's up to the bound", []func(*outgoing, *feedLog){lag(5000)}, false},
		{"the feed's beyond", []func(*outgoing, *feedLog){lag(5001)}, true},
		{"the feed's in a drain's hand", []func(*outgoing, *feedLog){lag(5000), drain, func(o *outgoing, log *feedLog) { log.add("x") }}, true},
		{"before the session is open", []func(*outgoing, *feedLog){own(2000), func(o *outgoing, _ *feedLog) { o.state = opening }}, false},
		{"what is due in the end", []func(*outgoing, *feedLog){lag(5000), func(o *outgoing, log *feedLog) { o.beginClose(); log.add("x") }}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, log := &outgoing{state: open}, &feedLog{}
			for _, step := range test.steps {
				step(o, log)
			}
			if got := o.exceeds(maxQueue, maxLag); got != test.want {
				t.Errorf("exceeds is %t, want %t", got, test.want)
			}
		})
	}
}

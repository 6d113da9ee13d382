package engine

import (
	"strings"
	"testing"

	"tsunagu/internal/packet"
)

// frame returns a message as a feed or a session's frames contain it.
func frame(text string) string {
	return string(packet.AppendFrame(nil, false, []byte("4"+text)))
}

// newOutgoing returns an open websocket session with the frame "own" queued and the
// frame "shared" in its feed.
func newOutgoing() (*outgoing, *feedLog) {
	log := &feedLog{}
	log.add("shared")
	return &outgoing{state: open, feed: log.start(), frames: []byte(frame("own"))}, log
}

// inState puts it into the state before the event. The staged frame is "own".
var inState = map[string]func(o *outgoing){
	"opening":           func(o *outgoing) { o.state = opening },
	"idle":              func(*outgoing) {},
	"staged":            func(o *outgoing) { o.stage(staged) },
	"draining":          func(o *outgoing) { o.stage(staged); o.wrote(1) },
	"closing":           func(o *outgoing) { o.beginClose() },
	"closing, staged":   func(o *outgoing) { o.stage(staged); o.beginClose() },
	"closing, draining": func(o *outgoing) { o.stage(staged); o.wrote(1); o.beginClose() },
	"closed":            func(o *outgoing) { o.end([]byte("close frame")) },
	"closed, staged":    func(o *outgoing) { o.stage(staged); o.end([]byte("close frame")) },
	"closed, draining":  func(o *outgoing) { o.stage(staged); o.wrote(1); o.end([]byte("close frame")) },
}

var events = map[string]func(o *outgoing, log *feedLog){
	"send": func(o *outgoing, log *feedLog) {
		if o.accepts() {
			o.frames = append(o.frames, frame("late")...)
		}
		log.add("newer")
	},
	"stage":       func(o *outgoing, _ *feedLog) { o.stage(staged) },
	"wrote whole": func(o *outgoing, _ *feedLog) { o.wrote(len(o.pending)) },
	"wrote short": func(o *outgoing, _ *feedLog) { o.wrote(1) },
	"failed":      func(o *outgoing, _ *feedLog) { o.fail() },
	"close":       func(o *outgoing, _ *feedLog) { o.beginClose() },
}

// rest returns everything that is still sent after the event.
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
	own, shared, late, newer := frame("own"), frame("shared"), frame("late"), frame("newer")
	for _, test := range []struct {
		state, event string
		writer       writer
		rest         string
	}{
		{"opening", "send", idle, ""},
		{"opening", "stage", idle, ""},
		{"opening", "failed", idle, ""},

		{"idle", "send", idle, own + late + shared + newer},
		{"idle", "stage", staged, own + shared},
		{"idle", "failed", idle, ""},
		{"idle", "close", idle, own + shared},

		{"staged", "send", staged, own + late + shared + newer},
		{"staged", "stage", staged, own + shared},
		{"staged", "wrote whole", idle, shared},
		{"staged", "wrote short", draining, own[1:] + shared},
		{"staged", "failed", idle, ""},
		{"staged", "close", staged, own + shared},

		{"draining", "send", draining, own[1:] + late + shared + newer},
		{"draining", "stage", draining, own[1:] + shared},
		{"draining", "wrote whole", idle, shared},
		{"draining", "wrote short", draining, own[2:] + shared},
		{"draining", "failed", idle, ""},
		{"draining", "close", draining, own[1:] + shared},

		// The newer frame comes after the beginning of the close.
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

		// An incomplete frame is completed before the close frame.
		{"closed", "send", idle, "close frame"},
		{"closed", "stage", staged, "close frame"},
		{"closed", "failed", idle, ""},
		{"closed, staged", "send", staged, own + "close frame"},
		{"closed, staged", "stage", staged, own + "close frame"},
		{"closed, staged", "wrote whole", idle, "close frame"},
		{"closed, staged", "wrote short", draining, own[1:] + "close frame"},
		{"closed, staged", "failed", idle, ""},
		{"closed, draining", "wrote whole", idle, "close frame"},
		{"closed, draining", "wrote short", draining, own[2:] + "close frame"},
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
				t.Errorf("%q is still sent, want %q", got, test.rest)
			}
			if o.state != opening && o.waiting() {
				t.Error("waiting is true after everything was sent")
			}
		})
	}
}

// TestBacklog checks which bytes count for which limit.
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
		{"queue at the limit", []func(*outgoing, *feedLog){own(1000)}, false},
		{"queue above the limit", []func(*outgoing, *feedLog){own(1001)}, true},
		{"queue and drain at the limit", []func(*outgoing, *feedLog){own(600), drain, own(400)}, false},
		{"queue and drain above the limit", []func(*outgoing, *feedLog){own(600), drain, own(401)}, true},
		{"queue staged", []func(*outgoing, *feedLog){own(2000), func(o *outgoing, _ *feedLog) { o.stage(staged) }}, false},
		{"lag at the limit", []func(*outgoing, *feedLog){lag(5000)}, false},
		{"lag above the limit", []func(*outgoing, *feedLog){lag(5001)}, true},
		{"lag and drain above the limit", []func(*outgoing, *feedLog){lag(5000), drain, func(o *outgoing, log *feedLog) { log.add("x") }}, true},
		{"before the session is open", []func(*outgoing, *feedLog){own(2000), func(o *outgoing, _ *feedLog) { o.state = opening }}, false},
		{"lag at the limit while closing", []func(*outgoing, *feedLog){lag(5000), func(o *outgoing, log *feedLog) { o.beginClose(); log.add("x") }}, false},
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

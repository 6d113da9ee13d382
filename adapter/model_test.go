package adapter

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// mistake is something that the relay could do wrong. The model has to find
// each of them.
type mistake int

const (
	none                mistake = iota
	answerIsBelieved            // any answer acknowledges the batch
	windowIsDropped             // acknowledged lines are forgotten at once
	scriptNeverRefuses          // a batch is appended whatever is missing before it
	scriptNeverSkips            // a batch is appended though it is there
	marksOutliveLog             // watermarks speak of a log that is gone
	subscriptionIsNoGap         // the log is not read after SUBSCRIBE
	positionIsTrusted           // whatever stands at the position
	marksAreNotCompared         // with what was read
	gapsAreIgnored              // announcements do not lead to the log
	joinedTooLate               // the watermarks are read after SUBSCRIBE
	jumpsAreFinal               // what is missing at a jump in the log is given up at once
	mistakes
)

// explore runs worlds until one breaks the promise or so many steps are done.
func explore(seed uint64, m mistake, steps int) (done, worlds int, broken string) {
	for ; done < steps; seed++ {
		w := newWorld(seed, m)
		if why := w.run(); why != "" {
			return done + w.steps, worlds + 1, fmt.Sprintf("seed %d: %s\nsteps: %q", seed, why, w.trace)
		}
		done += w.steps
		worlds++
	}
	return done, worlds, ""
}

// modelEnv reads a number from the environment.
func modelEnv(t *testing.T, name string, def uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// The promise holds in every order of a few lines and faults. MODEL_STEPS and
// MODEL_SEED say how many and which.
func TestModel(t *testing.T) {
	seed := modelEnv(t, "MODEL_SEED", uint64(time.Now().UnixNano()))
	steps, worlds, broken := explore(seed, none, int(modelEnv(t, "MODEL_STEPS", 50_000)))
	t.Logf("%d steps in %d worlds from seed %d on", steps, worlds, seed)
	if broken != "" {
		t.Error(broken)
	}
}

// The model finds each mistake that the relay could make.
func TestModelFindsMistakes(t *testing.T) {
	for m := none + 1; m < mistakes; m++ {
		seed := uint64(1)
		if m == marksAreNotCompared {
			seed = 10_000 // one world in some ten thousand shows it
		}
		steps, worlds, broken := explore(seed, m, 2_000_000)
		if broken == "" {
			t.Errorf("mistake %d is not found in %d steps", m, steps)
			continue
		}
		t.Logf("mistake %d: world %d, %.200s", m, worlds, broken)
	}
}

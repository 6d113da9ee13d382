package adapter

import (
	"errors"
	"strconv"
	"strings"
)

// announcement is what publish.lua says on the second channel before the bare
// lines of one call:
//
//	run call watermark (number id length:hash | number id -)...
//
// A dash stands for a line that was published bare before and is not again.
type announcement struct {
	run   string
	call  uint64
	mark  uint64
	lines []announced
}

// announced is one line of an announcement.
type announced struct {
	number uint64
	id     string
	bare   bool   // the line follows on the channel of bare lines
	length int    // of the bare line
	hash   string // of the bare line
}

var errAnnouncement = errors.New("malformed announcement")

func parseAnnouncement(s string) (announcement, error) {
	words := strings.Split(s, " ")
	if len(words) < 3 || len(words)%3 != 0 || words[0] == "" {
		return announcement{}, errAnnouncement
	}
	var err error
	number := func(s string) uint64 {
		n, e := strconv.ParseUint(s, 10, 64)
		if e != nil {
			err = errAnnouncement
		}
		return n
	}
	a := announcement{run: words[0], call: number(words[1]), mark: number(words[2])}
	for w := words[3:]; len(w) > 0; w = w[3:] {
		l := announced{number: number(w[0]), id: w[1]}
		if w[2] != "-" {
			length, hash, _ := strings.Cut(w[2], ":")
			l.bare, l.length, l.hash = true, int(number(length)), hash
		}
		a.lines = append(a.lines, l)
	}
	return a, err
}

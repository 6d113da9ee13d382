package adapter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Position is the place of a line in the log, the same on every node. ID is
// the entry's id in the stream; Run and Number are the line's identity, which
// tells whether the entry at ID is still that line: a Redis that lost data, or
// whose clock went back, gives ids again. The zero Position is that of a line
// which is not in the log.
type Position struct {
	ID     string
	Run    string
	Number uint64
}

// IsZero tells whether p is the position of no line in the log.
func (p Position) IsZero() bool { return p == Position{} }

// String returns p in the form that ParsePosition reads: id/run/number, of
// letters, digits, "-", "_" and "/". That of the zero Position is empty.
func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	return p.ID + "/" + p.Run + "/" + strconv.FormatUint(p.Number, 10)
}

var errPosition = errors.New("adapter: not a position")

// ParsePosition reads what String returns. Its error says no more than that s
// is not a position.
func ParsePosition(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	id, rest, _ := strings.Cut(s, "/")
	run, number, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(number, 10, 64)
	var ms, seq uint64
	if count, scanErr := fmt.Sscanf(id, "%d-%d", &ms, &seq); scanErr != nil || count != 2 {
		return Position{}, errPosition
	}
	p := Position{ID: id, Run: run, Number: n}
	// Only the canonical form, so that two texts are never one position.
	if err != nil || run == "" || strings.Contains(run, "/") || id != fmt.Sprintf("%d-%d", ms, seq) || p.String() != s {
		return Position{}, errPosition
	}
	return p, nil
}

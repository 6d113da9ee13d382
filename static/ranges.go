package static

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strings"
)

// A byteRange counts both ends in.
type byteRange struct{ first, last int }

// isRangeFresh judges If-Range: without a match the range is ignored.
func isRangeFresh(h http.Header) bool {
	condition := h.Get("If-Range")
	switch {
	case condition == "":
		return true
	case strings.Contains(condition, `"`):
		return strings.Contains(condition, pageETag)
	}
	at, err := http.ParseTime(condition)
	return err == nil && !pageTime.After(at)
}

// parseRanges reads a Range header as range-parser 1.2 does, and joins ranges that touch. None that can
// be satisfied, or none that can be read: an empty answer.
func parseRanges(spec string, size int) []byteRange {
	_, specs, _ := strings.Cut(spec, "=")
	var ranges []byteRange
	for part := range strings.SplitSeq(specs, ",") {
		from, rest, _ := strings.Cut(part, "-")
		to, _, _ := strings.Cut(rest, "-")
		first, hasFirst := parseInt(from)
		last, hasLast := parseInt(to)
		switch {
		case !hasFirst && !hasLast:
			continue
		case !hasFirst:
			first, last = size-last, size-1
		case !hasLast:
			last = size - 1
		}
		last = min(last, size-1)
		if first >= 0 && first <= last {
			ranges = append(ranges, byteRange{first, last})
		}
	}
	return joinRanges(ranges)
}

func joinRanges(ranges []byteRange) []byteRange {
	slices.SortFunc(ranges, func(a, b byteRange) int { return cmp.Compare(a.first, b.first) })
	var joined []byteRange
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.first <= joined[n-1].last+1 {
			joined[n-1].last = max(joined[n-1].last, r.last)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// parseInt is JavaScript's for what can stand here: leading blanks and trailing rubbish do not matter.
func parseInt(s string) (n int, ok bool) {
	for _, c := range strings.TrimPrefix(strings.TrimLeft(s, " \t"), "+") {
		if c < '0' || c > '9' {
			break
		}
		n, ok = min(n*10+int(c-'0'), math.MaxInt32), true
	}
	return n, ok
}

package limit

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// maxRate is the highest rate that can be set, and the largest burst.
const maxRate = 1_000_000

// ParseRate reads a number a second, such as "10" or "0.5", with the number of a burst
// behind a comma, such as "10,50". Without one a burst is what two seconds allow, and at
// least 1. "0" sets no limit.
func ParseRate(s string) (limit rate.Limit, burst int, err error) {
	number, burstNumber, hasBurst := strings.Cut(s, ",")
	perSecond, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	ok := err == nil && perSecond >= 0 && perSecond <= maxRate
	burst = int(math.Ceil(2 * perSecond))
	if hasBurst {
		burst, err = strconv.Atoi(strings.TrimSpace(burstNumber))
		ok = ok && err == nil && burst >= 1 && burst <= maxRate
	}
	if !ok {
		return 0, 0, fmt.Errorf("%q: want a number a second up to %d, and after a comma how many at once, such as 10,50", s, maxRate)
	}
	return rate.Limit(perSecond), max(burst, 1), nil
}

// Package broker is an embedded Redis, for a machine that has none: a miniredis
// inside this process. The chat then runs, in several processes too, with
// nothing installed.
//
// It is for development. These properties of a Redis are missing:
//
//   - Persistence. The broker ends with the process that started it, and no
//     other process replaces it.
//   - Protection. One subscriber that does not read what it is sent freezes the
//     whole server; Redis would disconnect that subscriber.
//   - Memory limits, and most of what operators need.
//
// Keys expire by the clock; miniredis, made for tests, would let time stand still.
package broker

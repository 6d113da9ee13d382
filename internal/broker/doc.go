// Package broker runs an embedded Redis, a miniredis in this process, for machines
// without Redis. Several nodes can use it, and nothing has to be installed.
//
// It is for development. It lacks these properties of Redis:
//
//   - Persistence. The broker ends with its process, and no other process replaces
//     it.
//   - Protection. A subscriber that does not read blocks the whole server. Redis
//     would disconnect that subscriber.
//   - Memory limits, and most administration commands.
//
// Keys expire in real time, which miniredis does not do by default.
package broker

// Package broker is the Redis of a machine that has none: a miniredis inside
// this process, so that the chat runs, in several processes too, with nothing
// installed.
//
// It is for development. What it lacks of a Redis:
//
//   - persistence, and a life of its own: it ends with the process that started
//     it, and nobody takes over;
//   - protection: one subscriber that does not read what it is sent freezes the
//     whole server, where Redis would cut that subscriber off;
//   - memory limits, and most of what operators need.
//
// Time does pass in it: keys expire by the clock, which miniredis, made for
// tests, does only when told to.
package broker

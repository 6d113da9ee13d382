// Package adapter joins the nodes of one chat through Redis: what any node
// publishes, every node receives, itself included.
//
// It knows lines of bytes and nothing else: no HTTP, no packets, no clients.
//
// # The wire
//
//	node A                        Redis                        node B
//
//	Publish(line)                                              Receiver.Receive(line)
//	   |                                                          ^
//	   v                                                          |
//	[queue] -- publisher ---> PUBLISH chat line ---> SUBSCRIBE chat -- subscriber
//	           connection 1        |                              connection 2
//	                               +--> node A's own connection 2
//	                               +--> the Node servers of old
//	                               +--> redis-cli subscribe chat
//
// The payload is the line's bytes and nothing more, so Node servers and
// redis-cli on the same channel take part. A line goes out at once when the
// publisher is idle. Lines that came while it was busy go together in one
// round trip, as MULTI, PUBLISH..., EXEC: subscribers see no difference, and
// a batch that Redis refuses in its middle is refused whole, so that it can be
// sent again without doubling or reordering. Where MULTI is not allowed the
// same commands work as a plain pipeline.
//
// Both connections speak RESP2, so that nothing but replies and messages ever
// arrives on them, and neither reconnects: the goroutine that gets an error closes its
// connection and makes another. The library underneath would reconnect on its
// own, without a word, and a silent reconnect is a silent gap.
//
// # The promise
//
// At most once, each node's lines in the order of its Publish calls.
//
//   - While Redis is unreachable, lines wait in the queue, in order, up to [Config.MaxPending].
//   - A line that surely did not run is sent again: nothing could be connected,
//     it could not be written whole, or Redis answered with an error.
//   - A line that was written but never answered is not sent again, for it may
//     have run. It is counted, and logged once per outage.
//   - Lines published by others while a node is not subscribed are not heard by
//     that node: pub/sub keeps nothing. To make that rarer, a node holds its own
//     lines until its own subscription stands, and after an outage a moment
//     longer ([Config.ResumeDelay]), for the others are coming back as well.
//
// # Goroutines
//
//	Run          waits for the two below, then returns
//	publisher    owns the queue's head and connection 1
//	subscriber   owns connection 2; the only caller of Receiver.Receive
//	 watchdog    one per subscription, ends with it: a half-open connection is
//	             silent for ever, so the watchdog sends PING and closes it without an answer
package adapter

// Package adapter joins the nodes of one chat through Redis: what any node
// publishes, every node receives, itself included.
//
// It knows lines of bytes and nothing else: no HTTP, no packets, no clients.
//
// # The wire
//
//	node A                          Redis                              node B
//
//	Publish(line)                                         Receive(line, position)
//	   |                                                                ^
//	[buffer] -- publisher --> publish.lua                               |
//	            connection 1     |  {chat}:log    stream ---> read.lua -+- reader
//	                             |  {chat}:runs   hash   -'             |  connection 3
//	                             |  {chat}:lines  announcement --.      |
//	                             '- chat          bare line -----+-> subscriber
//	                                     |                          connection 2
//	                                     +--> the Node servers
//	                                     +--> redis-cli subscribe chat
//
// A line has an identity, the run of its node and a number, and goes through
// one script: publish.lua compares the number with the run's watermark, appends
// the line to the log, announces it and publishes it bare, byte for byte, for
// Node servers and redis-cli. A line goes out at once when the publisher is
// idle; lines that came while it was busy share a call. A subscriber that finds
// a jump in the numbers reads the log. docs/relay.md has the proof, the keys
// and the costs.
//
// All connections speak RESP2, so that nothing but replies and messages ever
// arrives on them, and none reconnects: the goroutine that gets an error closes
// its connection and makes another. The library underneath would reconnect on
// its own, without a word, and a silent reconnect is a silent gap.
//
// # The promise
//
// Each line that a node has accepted from Publish is handed to the Receiver of
// every node exactly once, and each node's lines in the order of their Publish
// calls, through: dropped and half-open connections, a frozen Redis, a restart
// of Redis with its data, with old data or without, as far back as publishers
// still hold lines ([Config.HoldTime] or [Config.Buffer]), a failover of
// Sentinel, and any of these repeatedly. Lines that others publish (Node
// servers, redis-cli) are delivered at most once, as pub/sub gives them.
//
// While Redis is unavailable, lines wait in order, up to [Config.Buffer]; then
// Publish blocks.
//
// Not promised: lines from before a node first reached Redis; lines that are
// neither in the log nor held by their node any more (counted and logged);
// lines that a node has accepted but not published when it crashes. With
// [Plain], and with [Auto] while Redis refuses the log, lines are delivered at
// most once: a node misses what is published while it is not subscribed, and a
// line that was written but never answered is counted and not sent again.
//
// # Goroutines
//
//	Run          waits for the two below, then returns
//	publisher    owns connection 1; the only one to take lines from the buffer
//	subscriber   owns connections 2 and 3; the only caller of Receiver.Receive
//	 watchdog    one per subscription, ends with it: a half-open connection is
//	             silent for ever, so the watchdog asks and closes it without an
//	             answer, or when it does not bring what the publisher publishes
package adapter

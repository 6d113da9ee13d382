// Package cluster tells the nodes of one chat about each other through Redis.
//
// Every few seconds a process writes who its nodes are and what they report of
// themselves; anybody can read the reports of the others. A report expires soon
// after its node has stopped writing.
//
//	{chat}:nodes         hash: id of a node to its name; expires after an hour
//	{chat}:figures:ID    string: the report of a node; expires after Config.Expiry
//
// The chat does not depend on it: without Redis, or with one that refuses these
// keys, nodes do not see each other, and nothing else changes.
//
// Goroutines: none but the caller's of Run.
package cluster

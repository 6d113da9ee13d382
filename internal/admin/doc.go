// Package admin shows an operator what the nodes of this process do, and what
// other nodes of the chat report.
//
//	/               a page: sessions, lines, delays, Redis and closes over the last minutes
//	/history        what the page draws, as JSON; ?after=N returns samples after number N only
//	/healthz        200 while the process runs
//	/readyz         200 if all nodes of this process are ready, else 503 and the reasons, one a line
//	/metrics        for Prometheus; docs/metrics.md has the meaning of each
//	/debug/pprof/   profiles of the running process
//
// All of it is open to whoever can reach the listener, which must not be the
// public one. The package knows no other part of the program: nodes report
// through [Node], and what other processes reported comes in as bytes.
//
// Goroutines: the web server and the sampler, both from Run to its end.
package admin

// Package static answers every request that is not the engine's, as the seed's Express 4.16 does:
//
//	/                          the chat page, byte for byte the original's, with conditions and ranges
//	/socket.io/socket.io.js    the client script (any path that begins so), and .map, for whoever
//	                           loads it from the server; as socket.io 2.1.1 serves it, if `go generate`
//	                           has fetched it, else a redirect to the file that the page loads
//	/socket.io/...             handed on to the engine
//	anything else              404, "Cannot GET /x"
//
// Paths are compared as they stand in the request line, before any decoding or cleaning. That is how
// the original does it, so an http.ServeMux, which redirects "//" and "/a/..", may not come before
// this handler.
//
// Answers differ from Express in three points, on purpose: X-Powered-By is not sent, the pages of 412
// and 416 carry no stack trace (net/http also spells the reason of 416 in full), and Last-Modified is
// the same on every machine.
package static
